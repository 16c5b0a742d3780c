from __future__ import annotations

import pytest
from envoy.service.ext_proc.v3.external_processor_pb2 import ProcessingRequest, ProcessingResponse

from tulle.agent.consultant.breaking import Circuits
from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.listening import Session
from tulle.agent.consultant.processing import Processor
from tulle.agent.consultant.questions import Questions
from tulle.kit.clock import ManualClock
from tulle.model.consulting import ADDRESS, BY_ADDRESS, QUESTION, Breaker, InFlight, Question, to_text
from tulle.model.steps import SameClient

BREAKER = Breaker(id="web", expression="ResponseCodeRatio(500, 600, 0, 600) > 0.5 || LatencyAtQuantileMS(50.0) > 100")


class World:
    def __init__(self) -> None:
        self.clock, self.crowd = ManualClock(), Crowd()
        self.processor = Processor(Questions(), self.crowd, Circuits(self.clock), self.clock)

    def opens(self, question: Question | str, address: str = "", **headers: str) -> Stream:
        text = question if isinstance(question, str) else to_text(question)
        stream = Stream(self.processor.open({QUESTION: text, ADDRESS: address}))
        stream.sends("request_headers", **headers)
        return stream


class Stream:
    """What Envoy says, and is told, about one request."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.told: list[ProcessingResponse] = []
        self.ends = session.end

    def sends(self, kind: str, **headers: str) -> None:
        message = ProcessingRequest()
        part = getattr(message, kind)
        part.SetInParent()
        for name, value in headers.items():
            part.headers.headers.add(key=name.replace("_", "-").replace("pseudo-", ":"), raw_value=value.encode())
        self.told.append(ProcessingResponse.FromString(self._session.take(message.SerializeToString())))

    @property
    def kinds(self) -> list[str | None]:
        return [each.WhichOneof("response") for each in self.told]


def test_so_many_at_a_time() -> None:
    world, question = World(), InFlight(id="web", amount=1, by=SameClient(header="x-key"))
    first = world.opens(question, x_key="a")
    other = world.opens(question, x_key="b")
    second = world.opens(question, x_key="a")
    assert (first.kinds, other.kinds) == (["request_headers"], ["request_headers"])
    (refused,) = second.told
    assert refused.immediate_response.status.code == 429
    assert refused.immediate_response.body == b"max connections reached: 1"
    first.sends("response_trailers")
    first.ends()
    assert first.kinds == ["request_headers", "response_trailers"]
    assert world.opens(question, x_key="a").kinds == ["request_headers"]


def test_clients_by_their_address() -> None:
    world, question = World(), InFlight(id="web", amount=1, by=BY_ADDRESS)
    first = world.opens(question, "1.1.1.1", pseudo_authority="x")
    assert first.kinds == ["request_headers"]
    refused = world.opens(question, "1.1.1.1")
    assert refused.kinds == ["immediate_response"]
    # Who did not come in does not leave.
    refused.ends()
    assert world.opens(question, "1.1.1.1").kinds == ["immediate_response"]
    first.ends()
    assert world.opens(question, "1.1.1.1").kinds == ["request_headers"]


def test_a_service_that_does_badly_is_not_asked() -> None:
    world = World()
    stream = world.opens(BREAKER)
    stream.sends("response_headers", pseudo_status="500")
    stream.sends("response_trailers")
    stream.ends()
    assert stream.kinds == ["request_headers", "response_headers", "response_trailers"]
    refused = world.opens(BREAKER).told[0].immediate_response
    assert (refused.status.code, refused.body) == (503, b"Service Unavailable")


@pytest.mark.parametrize("headers", [{"pseudo_status": "200"}, {}])
def test_times_count_to_the_very_end(headers: dict[str, str]) -> None:
    world = World()
    stream = world.opens(BREAKER)
    stream.sends("response_headers", **headers)
    world.clock.advance(0.2)
    stream.ends()
    assert world.opens(BREAKER).kinds == ["immediate_response"]


def test_what_is_not_understood_passes() -> None:
    world = World()
    for text in ("?", to_text(Breaker(id="x", expression="?"))):
        stream = world.opens(text)
        stream.sends("request_trailers")
        stream.ends()
        assert stream.kinds == ["request_headers", "request_trailers"]


@pytest.mark.parametrize("question", [InFlight(id="x", amount=0), BREAKER])
def test_a_stream_without_a_request(question: Question) -> None:
    world = World()
    world.processor.open({QUESTION: to_text(question)}).end()
    assert world.opens(BREAKER).kinds == ["request_headers"]
