from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest
from envoy.service.ext_proc.v3.external_processor_pb2 import ProcessingRequest, ProcessingResponse

from tulle.agent.consultant.breaking import Circuits
from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.processing import METHOD, Processor
from tulle.agent.consultant.questions import Questions
from tulle.kit.clock import ManualClock
from tulle.model.consulting import ADDRESS, BY_ADDRESS, QUESTION, Breaker, InFlight, Question, to_text
from tulle.model.steps import SameClient

BREAKER = Breaker(id="web", expression="ResponseCodeRatio(500, 600, 0, 600) > 0.5 || LatencyAtQuantileMS(50.0) > 100")


class Stream:
    """What Envoy says, and is told, about one request."""

    def __init__(self, text: str, address: str = "") -> None:
        self._metadata = ((QUESTION, text), (ADDRESS, address))
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self.told: list[ProcessingResponse] = []

    def invocation_metadata(self) -> Any:
        return self._metadata

    def sends(self, kind: str, **headers: str) -> None:
        message = ProcessingRequest()
        part = getattr(message, kind)
        part.SetInParent()
        for name, value in headers.items():
            part.headers.headers.add(key=name.replace("_", "-").replace("pseudo-", ":"), raw_value=value.encode())
        self._sent.put_nowait(message.SerializeToString())

    def ends(self) -> None:
        self._sent.put_nowait(grpc.aio.EOF)

    async def read(self) -> Any:
        return await self._sent.get()

    async def write(self, data: bytes) -> None:
        self.told.append(ProcessingResponse.FromString(data))

    @property
    def kinds(self) -> list[str | None]:
        return [each.WhichOneof("response") for each in self.told]


class World:
    def __init__(self) -> None:
        self.clock, self.crowd = ManualClock(), Crowd()
        self.circuits = Circuits(self.clock)
        self.processor = Processor(Questions(), self.crowd, self.circuits, self.clock)
        self.tasks: list[asyncio.Task[None]] = []

    async def opens(self, question: Question | str, address: str = "", **headers: str) -> Stream:
        stream = Stream(question if isinstance(question, str) else to_text(question), address)
        process: Any = self.processor._process
        self.tasks.append(asyncio.get_running_loop().create_task(process(None, stream)))
        stream.sends("request_headers", **headers)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return stream

    async def settles(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)


async def test_so_many_at_a_time() -> None:
    world, question = World(), InFlight(id="web", amount=1, by=SameClient(header="x-key"))
    first = await world.opens(question, x_key="a")
    other = await world.opens(question, x_key="b")
    second = await world.opens(question, x_key="a")
    assert (first.kinds, other.kinds) == (["request_headers"], ["request_headers"])
    (refused,) = second.told
    assert refused.immediate_response.status.code == 429
    assert refused.immediate_response.body == b"max connections reached: 1"
    first.sends("response_trailers")
    first.ends()
    await world.settles()
    assert first.kinds == ["request_headers", "response_trailers"]
    assert (await world.opens(question, x_key="a")).kinds == ["request_headers"]


async def test_who_goes_away_is_not_counted() -> None:
    world, question = World(), InFlight(id="web", amount=1, by=BY_ADDRESS)
    await world.opens(question, "1.1.1.1")
    world.tasks[0].cancel()
    await world.settles()
    assert (await world.opens(question, "1.1.1.1", pseudo_authority="x")).kinds == ["request_headers"]
    assert (await world.opens(question, "1.1.1.1")).kinds == ["immediate_response"]


async def test_a_service_that_does_badly_is_not_asked() -> None:
    world = World()
    stream = await world.opens(BREAKER)
    stream.sends("response_headers", pseudo_status="500")
    stream.sends("response_trailers")
    stream.ends()
    await world.settles()
    assert stream.kinds == ["request_headers", "response_headers", "response_trailers"]
    refused = (await world.opens(BREAKER)).told[0].immediate_response
    assert (refused.status.code, refused.body) == (503, b"Service Unavailable")


@pytest.mark.parametrize("headers", [{"pseudo_status": "200"}, {}])
async def test_times_count_to_the_very_end(headers: dict[str, str]) -> None:
    world = World()
    stream = await world.opens(BREAKER)
    stream.sends("response_headers", **headers)
    await world.settles()
    world.clock.advance(0.2)
    stream.ends()
    await world.settles()
    assert (await world.opens(BREAKER)).kinds == ["immediate_response"]


async def test_what_is_not_understood_passes() -> None:
    world = World()
    for text in ("?", to_text(Breaker(id="x", expression="?"))):
        stream = await world.opens(text)
        stream.sends("request_trailers")
        stream.ends()
        await world.settles()
        assert stream.kinds == ["request_headers", "request_trailers"]


@pytest.mark.parametrize("question", [InFlight(id="x", amount=0), BREAKER])
async def test_a_stream_without_a_request(question: Question) -> None:
    world = World()
    stream = Stream(to_text(question))
    stream.ends()
    process: Any = world.processor._process
    await process(None, stream)
    assert not stream.told


def test_the_method() -> None:
    handler: Any = World().processor.handler()
    assert handler.service_name() == METHOD
