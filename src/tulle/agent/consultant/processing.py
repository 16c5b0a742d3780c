"""Questions of those who need to know when a request has come to its end (`envoy.service.ext_proc.v3`).

There is a stream for each request, which is open as long as it is on its way, if Envoy is told to send trailers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache

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
from tulle.agent.consultant.in_flight import Crowd, Place
from tulle.agent.consultant.listening import Session
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Refused, Seen, client
from tulle.kit.clock import Clock
from tulle.model.breaking import Malformed
from tulle.model.consulting import ADDRESS, Breaker, InFlight, metadata_text

log = logging.getLogger(__name__)

METHOD = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
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

    def open(self, metadata: Mapping[str, str]) -> Session:
        """Follow a request."""
        question = self._questions.read(metadata_text(metadata))
        if isinstance(question, InFlight):
            return _Counted(question, metadata.get(ADDRESS, ""), self._crowd)
        if isinstance(question, Breaker):
            try:
                return _Watched(self._circuits.of(question), self._clock)
            except Malformed as error:
                # Whoever compiled this has said so already, where it was written.
                log.debug("%s: %s", question.id, error)
        return _Followed()


class _Followed:
    """A request that passes."""

    def take(self, data: bytes) -> bytes:
        return _next(ProcessingRequest.FromString(data))

    def end(self) -> None:
        pass


class _Counted:
    """A request that counts as long as it is on its way."""

    def __init__(self, question: InFlight, address: str, crowd: Crowd) -> None:
        self._question = question
        self._address = address
        self._crowd = crowd
        self._place: Place | None = None

    def take(self, data: bytes) -> bytes:
        message = ProcessingRequest.FromString(data)
        if message.HasField("request_headers"):
            entered = self._crowd.enter(self._question, client(self._question.by, _seen(message, self._address)))
            if isinstance(entered, Refused):
                return refused(entered)
            self._place = entered
        return _next(message)

    def end(self) -> None:
        if self._place is not None:
            self._crowd.leave(self._place)


class _Watched:
    """A request whose end is noted down."""

    def __init__(self, circuit: Circuit, clock: Clock) -> None:
        self._circuit = circuit
        self._clock = clock
        self._began: float | None = None
        self._status = ABANDONED

    def take(self, data: bytes) -> bytes:
        message = ProcessingRequest.FromString(data)
        if message.HasField("request_headers"):
            if not self._circuit.passes():
                return refused(self._circuit.refusal)
            self._began = self._clock.monotonic()
        elif message.HasField("response_headers"):
            self._status = _status(message.response_headers.headers)
        return _next(message)

    def end(self) -> None:
        if self._began is not None:
            self._circuit.record(self._status, self._clock.monotonic() - self._began)


def _next(message: ProcessingRequest) -> bytes:
    return GO_ON[str(message.WhichOneof("request"))]


@lru_cache(4096)
def refused(verdict: Refused) -> bytes:
    """The answer that Envoy gives at once."""
    headers = [
        HeaderValueOption(header=HeaderValue(key=name, raw_value=value.encode())) for name, value in verdict.marked
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
