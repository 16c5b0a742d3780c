"""Passwords are verified in threads, one client after the other, and what was found is remembered.

A hash that is worth its name takes a twentieth of a second. Whoever sends wrong passwords must not keep those out who
know theirs: what was right is remembered and never waits; each address has a queue of its own, and they take turns.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b

from tulle.agent.consultant.hashes import is_slow, matches
from tulle.agent.consultant.remembered import Remembered

MOST_KNOWN = 20_000
"""Passwords that were right; those that were wrong are as many again."""
MOST_WAITING = 1_000
MOST_WAITING_OF_ONE = 50
"""Different passwords from one address: behind a proxy there may be many people."""


class Busy(Exception):
    """Too many passwords wait to be verified."""


@dataclass(slots=True, eq=False)
class _Job:
    digest: bytes
    stored: str
    password: bytes
    done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    waiting: int = 0
    """Requests that want to know."""


class Verifier:
    """Who knows a password."""

    def __init__(self, threads: int = 0) -> None:
        """As many threads as half of the cores, unless told otherwise."""
        self._threads = threads or max(1, (os.cpu_count() or 2) // 2)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="password")
        self._secret = secrets.token_bytes(32)
        self._right: Remembered[bytes, bool] = Remembered(MOST_KNOWN)
        self._wrong: Remembered[bytes, bool] = Remembered(MOST_KNOWN)
        self._jobs: dict[bytes, _Job] = {}
        self._lanes: OrderedDict[str, deque[_Job]] = OrderedDict()
        self._running = 0

    def close(self) -> None:
        """Verify nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def known(self, stored: str, password: bytes) -> bool | None:
        """Whether this is the password of that hash; None if it takes time to find out."""
        if not is_slow(stored):
            return matches(stored, password)
        digest = self._digest(stored, password)
        if self._right.get(digest):
            return True
        return False if self._wrong.get(digest) else None

    async def verify(self, stored: str, password: bytes, address: str) -> bool:
        """Find it out.

        Raises:
            Busy: too many wait.
        """
        digest = self._digest(stored, password)
        job = self._jobs.get(digest) or self._enqueue(_Job(digest, stored, password), address)
        job.waiting += 1
        try:
            return await asyncio.shield(job.done)
        finally:
            job.waiting -= 1

    def _digest(self, stored: str, password: bytes) -> bytes:
        # The key is a secret, so that times of look-ups say nothing of passwords.
        text = b"%d:%b%b" % (len(stored), stored.encode(), password)
        return blake2b(text, key=self._secret, digest_size=32).digest()

    def _enqueue(self, job: _Job, address: str) -> _Job:
        lane = self._lanes.get(address)
        if len(self._jobs) >= MOST_WAITING or len(lane or ()) >= MOST_WAITING_OF_ONE:
            raise Busy
        self._lanes.setdefault(address, deque()).append(job)
        self._jobs[job.digest] = job
        asyncio.get_running_loop().call_soon(self._start)
        return job

    def _start(self) -> None:
        while self._running < self._threads and self._lanes:
            address, lane = self._lanes.popitem(last=False)
            job = lane.popleft()
            if lane:
                self._lanes[address] = lane
            if not job.waiting:
                del self._jobs[job.digest]
                continue
            self._running += 1
            verified = asyncio.get_running_loop().run_in_executor(self._pool, matches, job.stored, job.password)
            verified.add_done_callback(lambda found, job=job: self._finish(job, found))  # type: ignore[misc]

    def _finish(self, job: _Job, found: asyncio.Future[bool]) -> None:
        self._running -= 1
        del self._jobs[job.digest]
        if found.cancelled() or found.exception() is not None:
            job.done.cancel()
        else:
            (self._right if found.result() else self._wrong).put(job.digest, True)
            job.done.set_result(found.result())
        self._start()
