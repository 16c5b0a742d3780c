"""The identity of this host's agent: obtained with a join token once, kept on disk, renewed; and what it is for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from tulle.agent.certificates import Certificate, SigningFailed
from tulle.agent.material import Material
from tulle.api import hosts_client
from tulle.api.hosts_client import Credentials, HostsClient, Impostor, Unreachable
from tulle.identity.tokens import TokenRefused
from tulle.kit.backoff import Backoff
from tulle.kit.clock import Clock
from tulle.kit.home import Home
from tulle.model.security import Identity

log = logging.getLogger(__name__)

GLANCE = 0.05
"""Seconds between looks for the invitation of the control plane of this home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """How a host that is not known yet gets in."""

    address: str
    """`host:port`, or `unix:/path` for the control plane of the same home."""
    token: Callable[[], str]
    """Asked for at each attempt.

    Raises:
        OSError: there is none yet.
    """


class Enrolment:
    """Joins, stays joined, and has certificates signed for the proxies of this host."""

    def __init__(self, home: Home, host: str, plane: str, invitation: Invitation, clock: Clock) -> None:
        self.complaint = ""
        """Why this host has not joined yet, in a sentence."""
        self._directory = home.agent
        self._host = host
        self._plane = plane
        self._invitation = invitation
        self._clock = clock
        self._certificate: Certificate | None = None
        self._joined = asyncio.Event()

    async def run(self, complain: Callable[[], None]) -> None:
        """Join if that was never done, then renew for ever. `complain` is told whenever a complaint changes."""
        material = Material.load(self._directory)
        if material is None or material.expires <= self._clock.now():
            material = await self._join_at_last(complain)
        certificate = Certificate(material.identity, self._directory, self._renew, self._clock)
        certificate.material = material
        self._certificate = certificate
        self._joined.set()
        await certificate.run(lambda _: None, complain)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong, a sentence each."""
        renewal = self._certificate.complaint if self._certificate else ""
        return tuple(filter(None, (self.complaint, renewal)))

    async def joined(self) -> None:
        """Wait until this host is known to the mesh."""
        await self._joined.wait()

    @property
    def material(self) -> Material:
        """The agent's own certificate; only after `joined`."""
        assert self._certificate is not None and self._certificate.material is not None, "not joined yet"
        return self._certificate.material

    @property
    def credentials(self) -> Credentials:
        """The same, for calls; only after `joined`."""
        return Credentials(self.material.chain, self.material.key, self.material.trust)

    async def sign(self, identity: Identity) -> Material:
        """A new key and a certificate for a proxy of this host.

        Raises:
            SigningFailed: the plane is away, or says that this host runs nothing with this identity.
        """
        if not self._joined.is_set():
            raise SigningFailed(self.complaint or "this host has not joined the mesh yet")
        try:
            # A channel of its own: one that lost its plane would wait up to minutes before it tries again.
            async with self.credentials.channel(self._plane) as channel:
                signed = await HostsClient(channel, self._clock).sign(identity.namespace, identity.account)
        except (hosts_client.Refused, Unreachable) as error:
            raise SigningFailed(f"the control plane did not sign it: {error}") from error
        return Material(signed.key, signed.chain, signed.bundle)

    async def _renew(self, identity: Identity) -> Material:
        if self.material.expires > self._clock.now():
            return await self.sign(identity)
        try:
            return await self._join()
        except (OSError, TokenRefused, hosts_client.Refused, Unreachable, Impostor) as error:
            raise SigningFailed(f"it has expired, and this host could not join again: {error}") from error

    async def _join_at_last(self, complain: Callable[[], None]) -> Material:
        backoff = Backoff()
        while True:
            try:
                material = await self._join()
            except FileNotFoundError:
                # It is about to be started by whoever started us: everything waits for this, and a look is cheap.
                self._set("the control plane of this home has not started yet", complain)
                await asyncio.sleep(GLANCE)
                continue
            except (OSError, TokenRefused, hosts_client.Refused, Unreachable, Impostor) as error:
                self._set(f"this host could not join the mesh: {error}", complain)
            else:
                self._set("", complain)
                return self._kept(material, complain)
            await asyncio.sleep(backoff.failed())

    async def _join(self) -> Material:
        invitation = self._invitation
        credentials, _ = await hosts_client.join(invitation.address, invitation.token(), self._host, clock=self._clock)
        log.info("joined the mesh as host %s", self._host)
        return Material(credentials.key, credentials.chain, credentials.bundle)

    def _kept(self, material: Material, complain: Callable[[], None]) -> Material:
        try:
            material.save(self._directory)
        except OSError as error:
            self._set(f"the identity of this host could not be saved, it must join again later: {error}", complain)
        return material

    def _set(self, text: str, complain: Callable[[], None]) -> None:
        if text != self.complaint:
            self.complaint = text
            if text:
                log.warning("%s", text)
            complain()
