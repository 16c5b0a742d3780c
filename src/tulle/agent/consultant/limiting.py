"""Lets those pass who do not ask too often; holds those back for a moment who ask a little too often."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tulle.agent.consultant.rates import Buckets, Pace, too_many
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict, client
from tulle.agent.consultant.shared_rates import SharedBuckets, Unavailable
from tulle.model.consulting import Rate
from tulle.model.steps import Redis

log = logging.getLogger(__name__)

NOBODY_KNOWS = Refused(
    status=500,
    headers=(("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")),
    body="Could not insert/update bucket\n",
)


class Limiter:
    """Answers questions about rates."""

    def __init__(
        self,
        buckets: Buckets,
        shared: SharedBuckets,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._buckets = buckets
        self._shared = shared
        self._sleep = sleep
        self._is_away = False

    def judge(self, question: Rate, seen: Seen) -> Verdict | Awaitable[Verdict]:
        """Whether a request passes; something to wait for if it must wait, or the Redis must be asked."""
        if question.average <= 0:
            return Passed()
        pace, who = Pace.of(question), client(question.by, seen)
        if question.redis is not None:
            return self._ask(question.redis, question.id, who, pace)
        return self._verdict(self._buckets.take(question.id, who, pace), pace)

    def _verdict(self, wait: float, pace: Pace) -> Verdict | Awaitable[Verdict]:
        if wait > pace.patience:
            return too_many(wait)
        return self._later(wait) if wait > 0 else Passed()

    async def _later(self, wait: float) -> Verdict:
        await self._sleep(wait)
        return Passed()

    async def _ask(self, redis: Redis, id: str, who: str, pace: Pace) -> Verdict:
        try:
            wait = await self._shared.take(redis, id, who, pace)
        except Unavailable as error:
            self._tell(str(error))
            return NOBODY_KNOWS
        self._tell("")
        verdict = self._verdict(wait, pace)
        return await verdict if isinstance(verdict, Awaitable) else verdict

    def _tell(self, trouble: str) -> None:
        """Once, not for each request."""
        if bool(trouble) != self._is_away:
            self._is_away = bool(trouble)
            log.warning("rates cannot be counted: %s", trouble) if trouble else log.info("rates are counted again")
