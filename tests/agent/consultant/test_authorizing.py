from __future__ import annotations

from typing import Any

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from tulle.agent.consultant.authorizing import METHOD, NOT_UNDERSTOOD, Authorizer
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.model.consulting import QUESTION, InFlight, Passwords, Question, Rate, to_text


class Judge:
    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.seen: list[tuple[Question, Seen]] = []

    async def judge(self, question: Question, seen: Seen) -> Verdict:
        self.seen.append((question, seen))
        return self.verdict


def asked(text: str) -> CheckRequest:
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.address.socket_address.address = "1.1.1.1"
    http = attributes.request.http
    http.host, http.method, http.path = "shop.example", "PUT", "/a?b"
    http.headers["authorization"] = "Basic x"
    attributes.context_extensions[QUESTION] = text
    return request


async def answer(verdict: Verdict, text: str) -> tuple[CheckResponse, Judge, Judge]:
    doorkeeper, limiter = Judge(verdict), Judge(verdict)
    authorizer: Any = Authorizer(Questions(), doorkeeper, limiter)  # type: ignore[arg-type]
    data = await authorizer._check(asked(text).SerializeToString(), None)
    return CheckResponse.FromString(data), doorkeeper, limiter


async def test_who_passes() -> None:
    question = Passwords(id="web")
    passed = Passed(headers=(("x-user", "ann"),), removed=("authorization",))
    response, doorkeeper, limiter = await answer(passed, to_text(question))
    ((asked_question, seen),) = doorkeeper.seen
    assert asked_question == question
    assert (seen.address, seen.host, seen.method, seen.path) == ("1.1.1.1", "shop.example", "PUT", "/a?b")
    assert seen.header("Authorization") == "Basic x"
    assert not limiter.seen
    assert response.status.code == 0
    assert [(each.header.key, each.header.value) for each in response.ok_response.headers] == [("x-user", "ann")]
    assert list(response.ok_response.headers_to_remove) == ["authorization"]


async def test_who_does_not() -> None:
    refused = Refused(status=429, headers=(("retry-after", "5"),), body="Too Many Requests")
    response, doorkeeper, limiter = await answer(refused, to_text(Rate(id="x", average=1)))
    assert limiter.seen and not doorkeeper.seen
    assert response.status.code != 0
    denied = response.denied_response
    assert (denied.status.code, denied.body) == (429, "Too Many Requests")
    assert [(each.header.key, each.header.value) for each in denied.headers] == [("retry-after", "5")]


@pytest.mark.parametrize("text", ["?", to_text(InFlight(id="x", amount=1))])
async def test_what_is_not_understood_is_refused(text: str) -> None:
    response, *_ = await answer(Passed(), text)
    assert response.denied_response.status.code == NOT_UNDERSTOOD.status == 500


def test_the_method() -> None:
    handler: Any = Authorizer(Questions(), None, None).handler()  # type: ignore[arg-type]
    assert handler.service_name() == METHOD
