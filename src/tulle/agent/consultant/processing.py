"""Questions of those who need to know when a request has come to its end (`envoy.service.ext_proc.v3`).

There is a stream for each request, which is open as long as it is on its way, if Envoy is told to send trailers.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

import grpc
import grpc.aio
from envoy.config.core.v3.base_pb2 import HeaderMap, HeaderValue, HeaderValueOption
from envoy.service.ext_proc.v3.external_processor_pb2 import (
    HeaderMutation,
    HeadersResponse,
    ImmediateResponse,
    ProcessingRequest,
    ProcessingResponse,
    TrailersResponse,
)
from envoy.type.v3.http_status_pb2 import HttpStatus

from tulle.agent.consultant.breaking import Circuit, Circuits
from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Refused, Seen, client
from tulle.kit.clock import Clock
from tulle.model.breaking import Malformed
from tulle.model.consulting import ADDRESS, QUESTION, Breaker, InFlight

log = logging.getLogger(__name__)

METHOD = "envoy.service.ext_proc.v3.ExternalProcessor"
ABANDONED = 499
"""Counts as the status of a request whose client did not wait for the answer."""
GO_ON: dict[str, bytes] = {
    "request_headers": ProcessingResponse(request_headers=HeadersResponse()).SerializeToString(),
    "response_headers": ProcessingResponse(response_headers=HeadersResponse()).SerializeToString(),
    "request_trailers": ProcessingResponse(request_trailers=TrailersResponse()).SerializeToString(),
    "response_trailers": ProcessingResponse(response_trailers=TrailersResponse()).SerializeToString(),
}


class Processor:
    """The service."""

    def __init__(self, questions: Questions, crowd: Crowd, circuits: Circuits, clock: Clock) -> None:
        self._questions = questions
        self._crowd = crowd
        self._circuits = circuits
        self._clock = clock

    def handler(self) -> grpc.GenericRpcHandler:
        """For a server."""
        return grpc.method_handlers_generic_handler(
            METHOD, {"Process": grpc.stream_stream_rpc_method_handler(self._process, None, None)}
        )

    async def _process(self, _: object, stream: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        said = {str(name): value for name, value in stream.invocation_metadata() or ()}
        question = self._questions.read(str(said.get(QUESTION, "")))
        if isinstance(question, InFlight):
            await self._count(question, str(said.get(ADDRESS, "")), stream)
        elif isinstance(question, Breaker):
            try:
                circuit = self._circuits.of(question)
            except Malformed as error:
                # Whoever compiled this has said so already, where it was written.
                log.debug("%s: %s", question.id, error)
                await _follow(stream)
            else:
                await self._watch(circuit, stream)
        else:
            await _follow(stream)

    async def _count(self, question: InFlight, address: str, stream: Any) -> None:
        first = await _read(stream)
        if first is None:
            return
        place = self._crowd.enter(question, client(question.by, _seen(first, address)))
        if isinstance(place, Refused):
            await stream.write(refused(place))
            return
        try:
            await stream.write(_next(first))
            await _follow(stream)
        finally:
            self._crowd.leave(place)

    async def _watch(self, circuit: Circuit, stream: Any) -> None:
        first = await _read(stream)
        if first is None:
            return
        if not circuit.passes():
            await stream.write(refused(circuit.refusal))
            return
        status, began = ABANDONED, self._clock.monotonic()
        try:
            await stream.write(_next(first))
            while (message := await _read(stream)) is not None:
                if message.HasField("response_headers"):
                    status = _status(message.response_headers.headers)
                await stream.write(_next(message))
        finally:
            circuit.record(status, self._clock.monotonic() - began)


async def _read(stream: Any) -> ProcessingRequest | None:
    data = await stream.read()
    return None if data is grpc.aio.EOF else ProcessingRequest.FromString(data)


async def _follow(stream: Any) -> None:
    """Let everything pass until the end."""
    while (message := await _read(stream)) is not None:
        await stream.write(_next(message))


def _next(message: ProcessingRequest) -> bytes:
    return GO_ON[str(message.WhichOneof("request"))]


@lru_cache(4096)
def refused(verdict: Refused) -> bytes:
    """The answer that Envoy gives at once."""
    headers = [
        HeaderValueOption(header=HeaderValue(key=name, raw_value=value.encode())) for name, value in verdict.headers
    ]
    answer = ImmediateResponse(
        status=HttpStatus(code=verdict.status),
        headers=HeaderMutation(set_headers=headers),
        body=verdict.body.encode(),
    )
    return bytes(ProcessingResponse(immediate_response=answer).SerializeToString())


def _seen(message: ProcessingRequest, address: str) -> Seen:
    headers = {each.key: each.raw_value.decode(errors="replace") for each in message.request_headers.headers.headers}
    return Seen(address=address, host=headers.get(":authority", ""), headers=headers)


def _status(headers: HeaderMap) -> int:
    return next((int(each.raw_value) for each in headers.headers if each.key == ":status"), ABANDONED)
