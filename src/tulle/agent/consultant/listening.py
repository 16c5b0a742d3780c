"""Calls of the Envoy on this host, taken from a Unix socket and answered: asyncio around `http2`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tulle.agent.consultant.http2 import (
    INTERNAL,
    UNIMPLEMENTED,
    Broken,
    Connection,
    Ended,
    Event,
    Message,
    Opened,
)

log = logging.getLogger(__name__)


class Session(Protocol):
    """A call in which both say something in turn."""

    def take(self, data: bytes) -> bytes:
        """Answer one message."""
        ...

    def end(self) -> None:
        """The call is over, in whatever way."""
        ...


Answer = Callable[[bytes], bytes | Awaitable[bytes]]
"""Of a call with one message; something to wait for if it takes time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """What can be called, by path."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    sessions: Mapping[str, Callable[[Mapping[str, str]], Session]] = field(default_factory=dict)
    """Made from the headers of a call."""


Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, methods: Methods, spawn: Spawn, callers: set[Caller]) -> None:
        """`callers` are those that are connected."""
        self._methods = methods
        self._spawn = spawn
        self._callers = callers
        self._connection = Connection()
        self._transport: asyncio.Transport | None = None
        self._answers: dict[int, Answer] = {}
        self._sessions: dict[int, Session] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._callers.add(self)
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Everything that was going on is over."""
        self._callers.discard(self)
        self._transport = None
        for stream in (*self._sessions, *self._tasks):
            self._forget(stream)

    def data_received(self, data: bytes) -> None:
        """Answer what can be answered at once."""
        try:
            for event in self._connection.receive(data):
                self._handle(event)
        except Broken as error:
            log.error("the gateway's Envoy is not understood: %s", error)
            self.close()
        self._flush()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        out = self._connection.outgoing()
        if out and self._transport is not None:
            self._transport.write(out)

    def _handle(self, event: Event) -> None:
        stream = event.stream
        try:
            if isinstance(event, Message):
                self._take(stream, event.data)
            elif isinstance(event, Opened):
                self._open(stream, event.headers)
            elif isinstance(event, Ended):
                if self._forget_session(stream):
                    self._connection.close(stream)
            else:
                self._forget(stream)
        except Exception:
            log.exception("a question of the gateway could not be answered")
            self._forget(stream)
            self._connection.fail(stream, INTERNAL)

    def _open(self, stream: int, headers: Mapping[str, str]) -> None:
        path = headers.get(":path", "")
        if path in self._methods.answers:
            self._answers[stream] = self._methods.answers[path]
        elif path in self._methods.sessions:
            self._sessions[stream] = self._methods.sessions[path](headers)
        else:
            self._connection.fail(stream, UNIMPLEMENTED)

    def _take(self, stream: int, data: bytes) -> None:
        session = self._sessions.get(stream)
        if session is not None:
            self._connection.answer(stream, session.take(data), ends=False)
            return
        answer = self._answers.pop(stream, None)
        if answer is None:
            return
        found = answer(data)
        if isinstance(found, bytes):
            self._connection.answer(stream, found, ends=True)
        else:
            self._tasks[stream] = self._spawn(self._wait(stream, found))

    async def _wait(self, stream: int, found: Awaitable[bytes]) -> None:
        try:
            answer = await found
        except Exception:
            log.exception("a question of the gateway could not be answered")
            self._connection.fail(stream, INTERNAL)
        else:
            self._connection.answer(stream, answer, ends=True)
        self._tasks.pop(stream, None)
        self._flush()

    def _forget(self, stream: int) -> None:
        self._answers.pop(stream, None)
        self._forget_session(stream)
        task = self._tasks.pop(stream, None)
        if task is not None:
            # Not before it has begun, or what it waits for would never be awaited.
            asyncio.get_running_loop().call_soon(task.cancel)

    def _forget_session(self, stream: int) -> bool:
        session = self._sessions.pop(stream, None)
        if session is not None:
            session.end()
        return session is not None
