"""The helper that the gateway of this host asks, on a Unix socket: puts together who answers what.

If it is away, Envoy decides: routes with passwords refuse, counters let pass, as they are compiled. What it counted is
forgotten then; what it verified is verified again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio

from tulle.agent.consultant.authorizing import Authorizer
from tulle.agent.consultant.breaking import Circuits
from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.limiting import Limiter
from tulle.agent.consultant.passwords import Doorkeeper
from tulle.agent.consultant.processing import Processor
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.rate_service import RateService
from tulle.agent.consultant.rates import Buckets
from tulle.agent.consultant.shared_rates import SharedBuckets
from tulle.agent.consultant.verifying import Verifier
from tulle.kit.clock import Clock

LARGEST_QUESTION = 4 << 20
"""Bytes: there may be many users in one."""
OPTIONS = (
    ("grpc.max_metadata_size", LARGEST_QUESTION),
    ("grpc.absolute_max_metadata_size", LARGEST_QUESTION),
    ("grpc.max_receive_message_length", 2 * LARGEST_QUESTION),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.bdp_probe", 0),
)
GRACE = 0.2


class CannotListen(OSError):
    """The socket cannot be made."""


class Consultant:
    """The server. `run` owns it."""

    def __init__(self, socket: Path, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock

    async def run(self) -> None:
        """Answer until cancelled.

        Raises:
            CannotListen: the socket cannot be made.
        """
        async with self.serving():
            await asyncio.Event().wait()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer for the time of a `with` block.

        Raises:
            CannotListen: the socket cannot be made.
        """
        questions, clock = Questions(), self._clock
        verifier, shared = Verifier(), SharedBuckets(clock)
        limiter = Limiter(Buckets(clock), shared)
        server = grpc.aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers(
            (
                Authorizer(questions, Doorkeeper(clock, verifier), limiter).handler(),
                Processor(questions, Crowd(), Circuits(clock), clock).handler(),
                RateService(questions, limiter).handler(),
            )
        )
        try:
            server.add_insecure_port(f"unix:{self._socket}")
            await server.start()
        except RuntimeError as error:
            raise CannotListen(f"cannot listen on {self._socket}: {error}") from error
        try:
            yield
        finally:
            await server.stop(GRACE)
            await shared.close()
            verifier.close()
