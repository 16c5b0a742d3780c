"""The certificate of one identity: made on this host, signed by the authority, renewed at half of its life."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from tulle.agent.material import Material
from tulle.kit.clock import Clock
from tulle.model.security import Identity

log = logging.getLogger(__name__)

Sign = Callable[[Identity], Awaitable[Material]]
"""Makes a key on this host and has the authority sign for it. Raises `SigningFailed`."""

FIRST_RETRY, LAST_RETRY = 0.2, 5.0
SAVE_AGAIN = 10.0
"""Seconds after which a certificate that could not be saved is saved again."""


class SigningFailed(ConnectionError):
    """The authority could not be reached, or does not sign for this identity."""


class Certificate:
    """Keeps one identity supplied with a valid certificate."""

    def __init__(self, identity: Identity, directory: Path, sign: Sign, clock: Clock) -> None:
        self.identity = identity
        self.complaint = ""
        """Why it could not be renewed, in a sentence; empty as long as all is well."""
        self.material: Material | None = None
        self._directory = directory
        self._sign = sign
        self._clock = clock
        self._valid = asyncio.Event()

    def load(self) -> None:
        """Take what the last agent left on disk, if it is still valid."""
        material = Material.load(self._directory)
        if material and material.identity == self.identity and material.expires > self._clock.now():
            self.material = material
            self._valid.set()

    async def valid(self) -> Material:
        """The newest certificate, as soon as there is one."""
        await self._valid.wait()
        assert self.material is not None
        return self.material

    async def run(self, changed: Callable[[Material], None], complain: Callable[[], None]) -> None:
        """Obtain and renew for ever.

        Args:
            changed: told of every new certificate.
            complain: told whenever `complaint` changes.
        """
        while True:
            if self.material is not None:
                await self._rest(self.material, complain)
            material = await self._obtain(complain)
            self._save(material, complain)
            self.material = material
            self._valid.set()
            log.info("certificate of %s valid until %s", self.identity, material.expires)
            changed(material)

    async def _obtain(self, complain: Callable[[], None]) -> Material:
        delay = FIRST_RETRY
        while True:
            try:
                material = await self._sign(self.identity)
            except SigningFailed as error:
                self._set_complaint(self._describe(error), complain)
                await asyncio.sleep(delay)
                delay = min(delay * 2, LAST_RETRY)
                continue
            return material

    async def _rest(self, material: Material, complain: Callable[[], None]) -> None:
        """Until half of its life is over; a disk that was full is tried again meanwhile."""
        left = self._remaining(material) / 2
        while self.complaint and left > SAVE_AGAIN:
            await asyncio.sleep(SAVE_AGAIN)
            left -= SAVE_AGAIN
            self._save(material, complain)
        await asyncio.sleep(left)

    def _save(self, material: Material, complain: Callable[[], None]) -> None:
        try:
            material.save(self._directory)
            self._set_complaint("", complain)
        except OSError as error:
            # It serves from memory; only a restart of the agent would need the file.
            self._set_complaint(f"the certificate of {self.identity} could not be saved: {error}", complain)

    def _describe(self, error: SigningFailed) -> str:
        if self.material is None:
            return f"there is no certificate for {self.identity} yet: {error}"
        left = (self.material.expires - self._clock.now()).total_seconds()
        when = f"expires in {left:.0f} s" if left > 0 else f"expired {-left:.0f} s ago"
        return f"the certificate of {self.identity} {when} and could not be renewed: {error}"

    def _set_complaint(self, text: str, complain: Callable[[], None]) -> None:
        if text != self.complaint:
            self.complaint = text
            if text:
                log.warning("%s", text)
            complain()

    def _remaining(self, material: Material) -> float:
        """Seconds of life that are left."""
        return max((material.expires - self._clock.now()).total_seconds(), 0.0)
