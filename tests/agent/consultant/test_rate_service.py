from __future__ import annotations

from typing import Any

import grpc
import pytest
from envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse

from tulle.agent.consultant.limiting import NOBODY_KNOWS
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.rate_service import METHOD, RateService
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.model.consulting import FORWARDED, HEADER, HOST, QUESTION, InFlight, Rate, to_text
from tulle.model.steps import SameClient

RATE = Rate(id="x", average=1, by=SameClient(header="X-Key"))


class Judge:
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.seen: list[Seen] = []

    async def judge(self, question: Rate, seen: Seen) -> Verdict:
        self.seen.append(seen)
        return self.verdict


class Context:
    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RuntimeError(f"{code}: {details}")


def asked(*texts: str) -> bytes:
    request = RateLimitRequest()
    for text in texts:
        said = {QUESTION: text, "remote_address": "1.1.1.1", HOST: "shop", FORWARDED: "2.2.2.2", HEADER: "7"}
        descriptor = request.descriptors.add()
        for key, value in said.items():
            descriptor.entries.add(key=key, value=value)
    return bytes(request.SerializeToString())


async def answer(judge: Judge, *texts: str) -> RateLimitResponse:
    service: Any = RateService(Questions(), judge)  # type: ignore[arg-type]
    return RateLimitResponse.FromString(await service._judge(asked(*texts), Context()))


async def test_who_passes() -> None:
    judge = Judge(Passed())
    response = await answer(judge, to_text(InFlight(id="x", amount=1)), "?", to_text(RATE))
    assert response.overall_code == RateLimitResponse.OK
    (seen,) = judge.seen
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
    with pytest.raises(RuntimeError, match="UNAVAILABLE"):
        await answer(Judge(NOBODY_KNOWS), to_text(RATE))


def test_the_method() -> None:
    handler: Any = RateService(Questions(), None).handler()  # type: ignore[arg-type]
    assert handler.service_name() == METHOD
