from __future__ import annotations

from collections.abc import Awaitable

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse

from tulle.agent.consultant.authorizing import NOT_UNDERSTOOD, Authorizer
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.envoy.edge_replies import UNTYPED
from tulle.model.consulting import ADDRESS, QUESTION, InFlight, Passwords, Question, Rate, to_text


class Judge:
    def __init__(self, verdict: Verdict, *, is_slow: bool = False) -> None:
        self.verdict = verdict
        self.is_slow = is_slow
        self.seen: list[tuple[Question, Seen]] = []

    def judge(self, question: Question, seen: Seen) -> Verdict | Awaitable[Verdict]:
        self.seen.append((question, seen))
        return self._later() if self.is_slow else self.verdict

    async def _later(self) -> Verdict:
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


def answer(verdict: Verdict, text: str) -> tuple[CheckResponse, Judge, Judge]:
    doorkeeper, limiter = Judge(verdict), Judge(verdict)
    authorizer = Authorizer(Questions(), doorkeeper, limiter)  # type: ignore[arg-type]
    data = authorizer.answer(asked(text).SerializeToString())
    assert isinstance(data, bytes)
    return CheckResponse.FromString(data), doorkeeper, limiter


def test_who_passes() -> None:
    question = Passwords(id="web")
    passed = Passed(headers=(("x-user", "ann"),), removed=("authorization",))
    response, doorkeeper, limiter = answer(passed, to_text(question))
    ((asked_question, seen),) = doorkeeper.seen
    assert asked_question == question
    assert (seen.address, seen.host, seen.method, seen.path) == ("1.1.1.1", "shop.example", "PUT", "/a?b")
    assert seen.header("Authorization") == "Basic x"
    assert not limiter.seen
    assert response.status.code == 0
    assert [(each.header.key, each.header.value) for each in response.ok_response.headers] == [("x-user", "ann")]
    assert list(response.ok_response.headers_to_remove) == ["authorization"]


@pytest.mark.parametrize(
    ("question", "passed", "remembered"),
    [
        (Passwords(id="web"), Passed(headers=(("x-user", "ann"),)), {"web": "ann"}),
        (Passwords(id="web"), Passed(), {"web": ""}),
        (Passwords(id="web", is_digest=True), Passed(), {}),
        (Rate(id="web", average=1), Passed(), {}),
    ],
)
def test_what_may_be_remembered(question: Question, passed: Passed, remembered: dict[str, str]) -> None:
    response, *_ = answer(passed, to_text(question))
    assert dict(response.dynamic_metadata) == remembered


def test_who_does_not() -> None:
    refused = Refused(status=429, headers=(("retry-after", "5"),), body="Too Many Requests")
    response, doorkeeper, limiter = answer(refused, to_text(Rate(id="x", average=1)))
    assert limiter.seen and not doorkeeper.seen
    assert response.status.code != 0
    denied = response.denied_response
    assert (denied.status.code, denied.body) == (429, "Too Many Requests")
    assert [(each.header.key, each.header.value) for each in denied.headers] == [
        ("retry-after", "5"),
        (UNTYPED, "yes"),
    ]


@pytest.mark.parametrize("text", ["?", to_text(InFlight(id="x", amount=1))])
def test_what_is_not_understood_is_refused(text: str) -> None:
    response, *_ = answer(Passed(), text)
    assert response.denied_response.status.code == NOT_UNDERSTOOD.status == 500


async def test_what_takes_time() -> None:
    authorizer = Authorizer(Questions(), Judge(Passed(), is_slow=True), None)  # type: ignore[arg-type]
    found = authorizer.answer(asked(to_text(Passwords(id="web"))).SerializeToString())
    assert isinstance(found, Awaitable)
    assert CheckResponse.FromString(await found).status.code == 0


def test_clients_are_those_that_the_gateway_noted() -> None:
    limiter = Judge(Passed())
    request = asked(to_text(Rate(id="web", average=1)))
    request.attributes.context_extensions[ADDRESS] = "0-client"
    request.attributes.metadata_context.filter_metadata["tulle.steps"].update({"0-client": "=2.2.2.2"})
    Authorizer(Questions(), Judge(Passed()), limiter).answer(request.SerializeToString())  # type: ignore[arg-type]
    ((_, seen),) = limiter.seen
    assert seen.address == "2.2.2.2"
