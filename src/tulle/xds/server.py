"""The delta ADS server on grpc.aio: I/O around `Session`. One reader and one writer per stream, nothing in between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from tulle.xds.messages import METHOD
from tulle.xds.subscription import Provider, Refused, Session

log = logging.getLogger(__name__)

LARGEST_REQUEST = 64 << 20
"""Bytes. A first request names every version that a client has: 100 bytes times its resources."""
STREAMS_PER_CONNECTION = 1_000
OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_REQUEST),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.bdp_probe", 0),
)
RESUMPTION = 0.5
"""Seconds in which a client that came back says what it has and wants; Envoy does so in a few milliseconds."""
GRACE = 1.0
"""Seconds that open streams get when the server stops; clients of ours reconnect anyway."""


class AddressInUse(OSError):
    """The server could not listen on the address that it was told."""


async def serve(
    provider: Provider,
    *,
    address: str,
    credentials: grpc.ServerCredentials | None = None,
    services: Sequence[grpc.GenericRpcHandler] = (),
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled. `ready` is told the address, with the port that was really bound.

    Raises:
        AddressInUse: somebody else listens there.
    """
    async with serving(provider, address=address, credentials=credentials, services=services) as bound:
        if ready is not None:
            ready(bound)
        await asyncio.Event().wait()


@asynccontextmanager
async def serving(
    provider: Provider,
    *,
    address: str,
    credentials: grpc.ServerCredentials | None = None,
    services: Sequence[grpc.GenericRpcHandler] = (),
) -> AsyncIterator[str]:
    """A server for the time of a `with` block; its value is the address (`127.0.0.1:7710`, `unix:/path`).

    Raises:
        AddressInUse: somebody else listens there.
    """
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((_Streams(provider), *services))
    try:
        port = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError as error:
        raise AddressInUse(f"cannot listen on {address}: {error}; is something else using it?") from error
    await server.start()
    try:
        yield address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"
    finally:
        await server.stop(GRACE)


class Signal:
    """What a writer waits for: an `asyncio.Event` for one, in a tenth of its memory. There are thousands."""

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Let the one who waits, or will wait, go on."""
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Return once it is set, and unset it."""
        if not self._is_set:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            self._waiter = None
        self._is_set = False


class _Streams(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers the one method. Bytes in, bytes out: parsing and joining is done by the session."""

    def __init__(self, provider: Provider) -> None:
        self._handler = grpc.stream_stream_rpc_method_handler(_Stream(provider).run)

    def service(self, handler_call_details: Any) -> Any:
        """The handler, if this call is ours."""
        return self._handler if handler_call_details.method == METHOD else None


class _Stream:
    """Makes a session of each call."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def run(self, _requests: object, context: Any) -> None:
        """One stream, from its first request to its end."""
        wake = Signal()
        session = Session(self._provider, identity_of(context.auth_context()), wake.set)
        try:
            failure = await _exchange(session, wake, context)
        finally:
            if session.is_open:
                self._provider.closed(session)
        if failure is not None:
            await context.abort(*failure)


async def _exchange(session: Session, wake: Signal, context: Any) -> tuple[grpc.StatusCode, str] | None:
    """Read and write until the client leaves; if something is wrong, what to tell it."""
    failure: tuple[grpc.StatusCode, str] | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(_write(session, wake, context))
            await _read(session, context)
            writer.cancel()
    except* Refused as refusals:
        failure = grpc.StatusCode.PERMISSION_DENIED, str(refusals.exceptions[0])
    except* DecodeError as errors:
        failure = grpc.StatusCode.INVALID_ARGUMENT, str(errors.exceptions[0])
    except* Exception:  # One stream must not harm the others.
        log.exception("stream of %s failed", session.node_id or "an unknown client")
        failure = grpc.StatusCode.INTERNAL, "the control plane failed to answer; see its log"
    return failure


async def _read(session: Session, context: Any) -> None:
    timer: asyncio.TimerHandle | None = None
    try:
        while (data := await context.read()) is not grpc.aio.EOF:
            session.receive(data)
            if session.is_resuming and timer is None:
                timer = asyncio.get_running_loop().call_later(RESUMPTION, session.resumed)
    finally:
        if timer is not None:
            timer.cancel()


async def _write(session: Session, wake: Signal, context: Any) -> None:
    while True:
        await wake.wait()
        while (response := session.next_response()) is not None:
            await context.write(response)


def identity_of(auth_context: Any) -> str | None:
    """The SPIFFE URI of the peer's certificate, if it has one and was asked for it."""
    for value in auth_context.get("x509_uri", ()) or auth_context.get("peer_spiffe_id", ()):
        if value.startswith(b"spiffe://"):
            return str(value.decode())
    return None
