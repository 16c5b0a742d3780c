from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Any

import pytest

from tulle.agent.consultant.limiting import NOBODY_KNOWS, Limiter
from tulle.agent.consultant.rates import Buckets, Pace, too_many
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.agent.consultant.shared_rates import Unavailable
from tulle.kit.clock import ManualClock
from tulle.model.consulting import Rate
from tulle.model.steps import Redis


class Played:
    """Sleeps without sleeping, and is a Redis without one."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.clock = ManualClock()
        self.trouble = ""
        self.asked: list[object] = []
        self.limiter = Limiter(Buckets(self.clock), self, self.sleep)  # type: ignore[arg-type]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def take(self, redis: Redis, id: str, client: str, pace: Pace) -> float:
        if self.trouble:
            raise Unavailable(self.trouble)
        self.asked.append((id, client))
        return 0.3


async def judged(played: Played, question: Rate, seen: Seen) -> Verdict:
    found = played.limiter.judge(question, seen)
    return await found if isinstance(found, Awaitable) else found


async def test_no_limit() -> None:
    played = Played()
    assert await judged(played, Rate(id="x", average=0), Seen()) == Passed()


async def test_in_memory() -> None:
    played = Played()
    question = Rate(id="x", average=2, burst=2)
    verdicts: list[Any] = [await judged(played, question, Seen(address="a")) for _ in range(4)]
    assert verdicts[:2] == [Passed()] * 2
    # Half a second is more than half of the time between two.
    assert [each.status for each in verdicts[2:]] == [429, 429]
    played.clock.advance(0.4)
    assert await judged(played, question, Seen(address="a")) == Passed()
    assert played.slept == [pytest.approx(0.1)]


async def test_shared(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    played = Played()
    question = Rate(id="limit@file", average=1, redis=Redis())
    assert await judged(played, question, Seen(address="a")) == Passed()
    assert (played.asked, played.slept) == ([("limit@file", "a")], [0.3])
    played.trouble = "away"
    assert await judged(played, question, Seen()) == NOBODY_KNOWS
    assert await judged(played, question, Seen()) == NOBODY_KNOWS
    played.trouble = ""
    assert not isinstance(await judged(played, question, Seen()), Refused)
    assert await judged(played, Rate(id="x", average=10, redis=Redis()), Seen()) == too_many(0.3)
    assert [each.getMessage() for each in caplog.records] == [
        "rates cannot be counted: away",
        "rates are counted again",
    ]
