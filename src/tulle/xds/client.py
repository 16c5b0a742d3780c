"""The delta ADS client on grpc.aio: I/O around `Replica`. Reconnects for ever, with what the replica has."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
import grpc.aio

from tulle.xds.messages import METHOD
from tulle.xds.replica import Delta, Replica

log = logging.getLogger(__name__)

OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_retries", 0),
    # Every connection of ours is a new one: a broken one must not be waited for by others.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Seconds to wait before connecting again: doubled after each failure in a row, with full jitter below it."""

    first: float = 0.1
    longest: float = 5.0

    def delay(self, failures: int, chance: float) -> float:
        """Seconds after so many failures in a row (from 1); `chance` is from 0 to 1."""
        ceiling = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return ceiling * (0.5 + 0.5 * chance)


class Follower(Protocol):
    """Who owns a replica and is told what happens to it. Called synchronously; must return quickly."""

    def connected(self) -> None:
        """The server answered on a new stream."""
        ...

    def disconnected(self, reason: str) -> None:
        """The stream is gone, or could not be opened; it will be tried again."""
        ...

    def received(self, delta: Delta) -> None:
        """A response was applied to the replica. Answer it by `replica.ack` or `replica.nack`, now or later."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the server is and how to prove who we are."""

    address: str
    """`host:port` or `unix:/path`."""
    credentials: Callable[[], grpc.ChannelCredentials | None] = lambda: None
    """Asked for each connection anew, so that a renewed certificate is used. None: no TLS."""
    server_name: str = ""
    """Name that the server's certificate must have; empty: the host of the address."""

    def channel(self) -> Any:
        """A channel; it connects when it is used."""
        credentials = self.credentials()
        options = OPTIONS
        if self.server_name:
            options = (*options, ("grpc.ssl_target_name_override", self.server_name))
        if credentials is None:
            return grpc.aio.insecure_channel(self.address, options=options)
        return grpc.aio.secure_channel(self.address, credentials, options=options)


async def follow(replica: Replica, follower: Follower, upstream: Upstream, backoff: Backoff | None = None) -> None:
    """Keep a replica up to date until cancelled."""
    backoff = backoff or Backoff()
    failures = 0
    while True:
        stream = _Stream(replica, follower)
        try:
            async with upstream.channel() as channel:
                await stream.run(channel)
            reason = "the server closed the stream"
        except grpc.aio.AioRpcError as error:
            reason = f"{error.code().name}: {error.details()}"
        finally:
            replica.disconnected()
        if _is_cancelled():
            # The error of a stream that ended in the same moment has taken the place of the cancellation.
            raise asyncio.CancelledError
        failures = 1 if stream.has_received else failures + 1
        # Once for each loss; that nobody is back yet needs no line for each try.
        log.log(logging.INFO if stream.has_received else logging.DEBUG, "no stream to %s: %s", upstream.address, reason)
        follower.disconnected(reason)
        await asyncio.sleep(backoff.delay(failures, random.random()))


class _Stream:
    """One stream of a replica."""

    def __init__(self, replica: Replica, follower: Follower) -> None:
        self._replica = replica
        self._follower = follower
        self._wake = asyncio.Event()
        self.has_received = False

    async def run(self, channel: Any) -> None:
        """From the first request until the server ends it.

        Raises:
            grpc.aio.AioRpcError: the connection failed or the server refused.
        """
        call = channel.stream_stream(METHOD)()
        self._replica.wake = self._wake.set
        self._replica.connected()
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(call))
                await self._read(call)
                writer.cancel()
        except* grpc.aio.AioRpcError as errors:
            raise _first(errors) from None
        finally:
            call.cancel()

    async def _read(self, call: Any) -> None:
        while (data := await call.read()) is not grpc.aio.EOF:
            delta = self._replica.receive(data)
            if not self.has_received:
                self.has_received = True
                self._follower.connected()
            self._follower.received(delta)

    async def _write(self, call: Any) -> None:
        while True:
            while (request := self._replica.next_request()) is not None:
                try:
                    await call.write(request)
                except asyncio.InvalidStateError:
                    return  # The stream has ended; the reader knows why.
            await self._wake.wait()
            self._wake.clear()


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
