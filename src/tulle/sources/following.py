"""Following what somebody else has, through whatever happens to him: tried again and again, and settled before use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from typing import Generic, TypeVar

from tulle.clients.endpoints import CannotFetch
from tulle.kit.backoff import Backoff
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.latest import Latest
from tulle.model.documents import Origin
from tulle.model.findings import Finding

log = logging.getLogger(__name__)
State = TypeVar("State")
Attempt = Callable[[], AsyncGenerator[State, None]]
"""Yields what somebody has, at once and after every change; raises `CannotFetch` when that is over."""

SETTLED = 0.02
"""Seconds without a change after which what is there is taken: what belongs together is written key by key."""
PATIENCE = 0.2
"""Seconds of changes after which it is taken anyway."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before it is tried again."""
EVERYTHING = frozenset(("",))
"""What cannot be read of a source that cannot be reached."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing is known of what there is now."""

    reason: str
    """The rest of a sentence."""
    since: datetime

    def finding(self, origin: Origin, who: str) -> Finding:
        """The sentence."""
        since = f"{self.since:%Y-%m-%d %H:%M:%S} UTC"
        return Finding.error(
            origin, f"{who} cannot be read since {since}: {self.reason}; what it last said still counts"
        )


class Following(Generic[State]):
    """What somebody has, by one of several ways to ask him."""

    def __init__(self, attempts: Sequence[Attempt[State]], clock: Clock | None = None) -> None:
        self._attempts = attempts
        self._clock = clock or SystemClock()

    async def states(self) -> AsyncGenerator[State | Trouble, None]:
        """What he has, at once and after every change, or that nobody knows. Never ends by itself."""
        newest: Latest[State | Trouble] = Latest()
        # No group: an iterator that is closed must not look like a failure of its task.
        asking = asyncio.get_running_loop().create_task(self._ask(newest))
        try:
            while True:
                yield await _settled(newest)
        finally:
            asking.cancel()
            await asyncio.wait((asking,))

    async def _ask(self, newest: Latest[State | Trouble]) -> None:
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        since: datetime | None = None
        failed = 0
        for attempt in cycle(self._attempts):
            began, has_answered = self._clock.monotonic(), False
            try:
                async with aclosing(attempt()) as states:
                    async for state in states:
                        has_answered, since, failed = True, None, 0
                        newest.set(state)
                reason = "it ended the connection"
            except CannotFetch as error:
                reason = str(error)
            except Exception as error:  # Libraries fail in ways of their own; that must not be the end.
                log.exception("a provider fails unexpectedly")
                reason = f"{type(error).__name__}: {error}"
            since = since or self._clock.now()
            failed += not has_answered
            if failed >= len(self._attempts):
                newest.set(Trouble(reason, since))
            if has_answered or failed >= len(self._attempts):
                await asyncio.sleep(backoff.failed(self._clock.monotonic() - began))


async def _settled(newest: Latest[State | Trouble]) -> State | Trouble:
    """What is there, once it has stopped to change."""
    loop = asyncio.get_running_loop()
    state = await newest.next()
    until = loop.time() + PATIENCE
    while loop.time() < until:
        try:
            state = await asyncio.wait_for(newest.next(), SETTLED)
        except TimeoutError:
            break
    return state
