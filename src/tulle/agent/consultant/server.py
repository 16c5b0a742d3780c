"""The helper that the gateway of this host asks, on a Unix socket: puts together who answers what.

If it is away, Envoy decides: routes with passwords refuse, counters let pass, as they are compiled. What it counted is
forgotten then; what it verified is verified again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tulle.agent.consultant import authorizing, processing
from tulle.agent.consultant.authorizing import Authorizer
from tulle.agent.consultant.breaking import Circuits
from tulle.agent.consultant.in_flight import Crowd
from tulle.agent.consultant.limiting import Limiter
from tulle.agent.consultant.listening import Caller, Methods
from tulle.agent.consultant.passwords import Doorkeeper
from tulle.agent.consultant.processing import Processor
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.rates import Buckets
from tulle.agent.consultant.shared_rates import SharedBuckets
from tulle.agent.consultant.verifying import Verifier
from tulle.kit.clock import Clock


class Consultant:
    """The server. `run` owns it."""

    def __init__(self, socket: Path, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock

    async def run(self) -> None:
        """Answer until cancelled.

        Raises:
            OSError: the socket cannot be made.
        """
        async with self.serving():
            await asyncio.Event().wait()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer for the time of a `with` block.

        Raises:
            OSError: the socket cannot be made.
        """
        verifier, shared = Verifier(), SharedBuckets(self._clock)
        methods = self._methods(verifier, shared)
        callers: set[Caller] = set()
        loop, path = asyncio.get_running_loop(), str(self._socket)
        waiting = asyncio.TaskGroup()
        try:
            server = await loop.create_unix_server(lambda: Caller(methods, waiting.create_task, callers), path)
            async with waiting:
                try:
                    yield
                finally:
                    server.close()
                    for caller in tuple(callers):
                        caller.close()
        finally:
            await shared.close()
            verifier.close()

    def _methods(self, verifier: Verifier, shared: SharedBuckets) -> Methods:
        questions, clock = Questions(), self._clock
        authorizer = Authorizer(questions, Doorkeeper(clock, verifier), Limiter(Buckets(clock), shared))
        processor = Processor(questions, Crowd(), Circuits(clock), clock)
        return Methods(
            answers={authorizing.METHOD: authorizer.answer},
            sessions={processing.METHOD: processor.open},
        )
