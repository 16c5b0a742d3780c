"""The keys of issuers, fetched again and again in the background and kept on disk.

An issuer that is away locks nobody out: what was fetched last counts until there is something newer, for proxies and
control planes that start meanwhile too.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from tulle.clients.web import CannotFetch, fetch
from tulle.flow import keys
from tulle.flow.key_sets import Unusable, canonical, endpoints, key_address
from tulle.flow.keys import CONFIGURATION, ENDPOINTS, Failure, Wanted
from tulle.kit.backoff import Backoff
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.codec import decode, encode
from tulle.kit.files import recalled, write_atomically
from tulle.kit.latest import Latest
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.security import TokenRule

log = logging.getLogger(__name__)

REFRESH = 20 * 60.0
"""Seconds after which keys are fetched again. Istio's control plane does so too."""
JITTER = 0.1
FIRST_RETRY, LAST_RETRY = 1.0, 120.0
PATIENCE = 5.0
"""Seconds for an answer that no rule waits for any more."""
AT_ONCE = 10
"""Answers that are waited for at the same time."""
MEMORY = timedelta(days=1)
"""How long keys are kept that no rule needs: a file that is broken or half written now is back in a moment."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A set of keys, or where people sign in, and when it was last seen."""

    address: str
    keys: str
    fetched: datetime
    unwanted: datetime | None = None
    """Since when no rule needs it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept on disk."""

    kept: tuple[Kept, ...]


class KeyCache:
    """The newest keys of every address that rules name. Calls `changed` after every change of `sets` or `findings`."""

    def __init__(
        self,
        path: Path,
        changed: Callable[[], None],
        clock: Clock | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`pause` waits for some seconds; handed in, like the clock, so that tests own the time."""
        self.sets: Mapping[str, str] = {}
        """Key sets, and where people sign in, by address. Replaced, never changed in place."""
        self.findings: tuple[Finding, ...] = ()
        self._path = path
        self._changed = changed
        self._clock = clock or SystemClock()
        self._pause = pause
        self._kept: dict[str, Kept] = {}
        self._failures: dict[str, Failure] = {}
        self._wanted: Mapping[str, Wanted] = {}
        self._newest: Latest[Mapping[str, Wanted]] = Latest()
        self._mesh = Mesh()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._saving = asyncio.Lock()
        self._saved = Record(())

    def load(self) -> None:
        """Read what was kept; a file that cannot be read is put aside, and everything fetched anew."""
        known = recalled(self._path, partial(decode, Record))
        if known is None:
            return
        self._saved = known
        for each in known.kept:
            with contextlib.suppress(Unusable):  # What was kept may come from a version that took more.
                self._kept[each.address] = replace(each, keys=_read(each.address, each.keys.encode()))
        self.sets = {each.address: each.keys for each in self._kept.values()}

    def follow(self, mesh: Mesh) -> None:
        """Fetch what this mesh needs, and in a while forget what it does not."""
        before, self._mesh = self._mesh, mesh
        is_same = mesh.tokens is before.tokens and mesh.services is before.services
        if is_same and _of_edge(mesh) == _of_edge(before):
            return
        self._wanted = keys.wanted(mesh)
        self._failures = {each: failure for each, failure in self._failures.items() if each in self._wanted}
        now = self._clock.now()
        for address, kept in tuple(self._kept.items()):
            since = None if address in self._wanted else kept.unwanted or now
            if since is not None and now - since >= MEMORY:
                del self._kept[address]
            elif since != kept.unwanted:
                self._kept[address] = replace(kept, unwanted=since)
        self._newest.set(self._wanted)
        self._tell()

    async def run(self) -> None:
        """Fetch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            running: dict[str, asyncio.Task[None]] = {}
            while True:
                wanted = await self._newest.next()
                for address in running.keys() - wanted.keys():
                    running.pop(address).cancel()
                for address in wanted.keys() - running.keys():
                    running[address] = tasks.create_task(self._keep_fetching(address), name=f"keys {address}")
                await self._save()

    async def _keep_fetching(self, address: str) -> None:
        backoff = Backoff(FIRST_RETRY, LAST_RETRY)
        while True:
            async with self._slots:
                is_fetched = await self._fetch(address)
            if is_fetched:
                backoff = Backoff(FIRST_RETRY, LAST_RETRY)
            delay = REFRESH if is_fetched else backoff.failed()
            # Not all at the same moment.
            await self._pause(delay * random.uniform(1 - JITTER, 1 + JITTER))

    async def _fetch(self, address: str) -> bool:
        """Fetch one set once; whether that was possible."""
        wish = self._wanted.get(address)
        try:
            found = await _fetched(address, wish.timeout if wish else PATIENCE)
        except (CannotFetch, Unusable) as error:
            self._failed(address, str(error))
            return False
        except Exception as error:  # One issuer must not end the others.
            log.exception("the keys at %s could not be looked at", address)
            self._failed(address, str(error))
            return False
        self._kept[address] = Kept(address, found, self._clock.now())
        self._failures.pop(address, None)
        self._tell()
        await self._save()
        return True

    def _failed(self, address: str, reason: str) -> None:
        kept = self._kept.get(address)
        failure = Failure(reason, kept.fetched if kept else None)
        if self._failures.get(address) != failure:
            log.warning("the keys at %s cannot be fetched: %s", address, reason)
        self._failures[address] = failure
        self._tell()

    def _tell(self) -> None:
        """Say so if anything is different now."""
        sets = {each.address: each.keys for each in self._kept.values()}
        findings = keys.findings(self._wanted, self._failures)
        if sets == self.sets and findings == self.findings:
            return
        if sets != self.sets:
            self.sets = sets
        self.findings = findings
        self._changed()

    async def _save(self) -> None:
        async with self._saving:
            record = Record(tuple(self._kept[each] for each in sorted(self._kept)))
            if record == self._saved:
                return
            try:
                # In a thread: waiting for the disk must not hold up the streams.
                await asyncio.to_thread(write_atomically, self._path, encode(record))
                self._saved = record
            except OSError as error:
                log.error("the keys of issuers could not be saved: %s", error)


def _of_edge(mesh: Mesh) -> tuple[tuple[TokenRule, ...], ...]:
    return (mesh.edge.token_rules, mesh.edge.sign_in_rules) if mesh.edge is not None else ()


def _read(address: str, answer: bytes) -> str:
    """What an answer says, in its one form.

    Raises:
        Unusable: it is an answer to something else.
    """
    return endpoints(answer, asked=address) if address.endswith(ENDPOINTS) else canonical(answer)


async def _fetched(address: str, timeout: float) -> str:
    """What is at an address; keys are found by way of the issuer's configuration if it is the one of that.

    Raises:
        CannotFetch: there is no answer, or none that can be used.
        Unusable: it is an answer to something else.
    """
    answer = await fetch(address.removesuffix(ENDPOINTS), timeout)
    if address.endswith(CONFIGURATION):
        answer = await fetch(key_address(answer, asked=address), timeout)
    return _read(address, answer)
