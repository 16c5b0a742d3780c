from __future__ import annotations

from collections.abc import Awaitable

import pytest
from envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse

from tulle.agent.consultant.limiting import NOBODY_KNOWS
from tulle.agent.consultant.listening import Failed
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.rate_service import RateService
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.model.consulting import FORWARDED, HEADER, HOST, QUESTION, InFlight, Rate, to_text
from tulle.model.steps import SameClient

RATE = Rate(id="x", average=1, by=SameClient(header="X-Key"))


class Judge:
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.seen: list[Seen] = []

    def judge(self, question: Rate, seen: Seen) -> Verdict | Awaitable[Verdict]:
        self.seen.append(seen)
        return self.verdict if len(self.seen) > 1 else self._later()

    async def _later(self) -> Verdict:
        return self.verdict


def asked(*texts: str) -> bytes:
    request = RateLimitRequest()
    for text in texts:
        said = {QUESTION: text, "remote_address": "1.1.1.1", HOST: "shop", FORWARDED: "2.2.2.2", HEADER: "7"}
        descriptor = request.descriptors.add()
        for key, value in said.items():
            descriptor.entries.add(key=key, value=value)
    return bytes(request.SerializeToString())


async def answer(judge: Judge, *texts: str) -> RateLimitResponse:
    service = RateService(Questions(), judge)  # type: ignore[arg-type]
    return RateLimitResponse.FromString(await service.answer(asked(*texts)))


async def test_who_passes() -> None:
    judge = Judge(Passed())
    response = await answer(judge, to_text(InFlight(id="x", amount=1)), "?", to_text(RATE), to_text(RATE))
    assert response.overall_code == RateLimitResponse.OK
    seen, _ = judge.seen
    assert (seen.address, seen.host, seen.header("x-forwarded-for"), seen.header("x-key")) == (
        "1.1.1.1",
        "shop",
        "2.2.2.2",
        "7",
    )


async def test_who_does_not() -> None:
    response = await answer(Judge(Refused(status=429, headers=(("retry-after", "5"),), body="no")), to_text(RATE))
    assert response.overall_code == RateLimitResponse.OVER_LIMIT
    assert response.raw_body == b"no"
    assert [(each.key, each.value) for each in response.response_headers_to_add] == [("retry-after", "5")]


async def test_nobody_knows() -> None:
    with pytest.raises(Failed, match="status 14"):
        await answer(Judge(NOBODY_KNOWS), to_text(RATE))
