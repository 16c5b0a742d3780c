"""One connection, without a socket. What Envoy and gRPC make of it is tested by `test_server` and end to end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from hpack import Decoder, Encoder

from tulle.agent.consultant.http2 import DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, RESET, frame
from tulle.agent.consultant.listening import Caller, Methods


class Echo:
    def __init__(self, headers: Mapping[str, str]) -> None:
        self.has_ended = False
        self.headers = headers

    def take(self, data: bytes) -> bytes:
        if data == b"bad":
            raise ValueError(data)
        return data.upper()

    def end(self) -> None:
        self.has_ended = True


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True


class World:
    def __init__(self, answer: Callable[[bytes], bytes | Awaitable[bytes]] = bytes.upper) -> None:
        self.sessions: list[Echo] = []
        self.callers: set[Caller] = set()
        self.tasks: list[asyncio.Task[None]] = []
        methods = Methods(answers={"/answer": answer}, sessions={"/session": self._open})
        self.caller = Caller(methods, self._spawn, self.callers)
        self.transport = Transport()
        self.caller.connection_made(self.transport)
        self.caller.data_received(PREFACE)

    def _open(self, headers: Mapping[str, str]) -> Echo:
        self.sessions.append(Echo(headers))
        return self.sessions[-1]

    def _spawn(self, made: Any) -> asyncio.Task[None]:
        self.tasks.append(asyncio.get_running_loop().create_task(made))
        return self.tasks[-1]

    def says(self, path: str, *texts: bytes, ends: bool = False, stream: int = 1) -> None:
        out = frame(HEADERS, END_HEADERS, stream, Encoder().encode([(":path", path)])) if path else b""
        for text in texts:
            out += frame(DATA, 0, stream, b"\0" + len(text).to_bytes(4, "big") + text)
        self.caller.data_received(out + (frame(DATA, END_STREAM, stream, b"") if ends else b""))

    def heard(self) -> list[bytes | int]:
        """Messages, and statuses at the end."""
        found: list[bytes | int] = []
        out = self.transport.written
        self.transport.written = b""
        while out:
            end = 9 + int.from_bytes(out[:3], "big")
            if out[3] == DATA:
                found.append(out[14:end])
            elif out[3] == HEADERS and out[4] & END_STREAM:
                found.append(
                    int(next(value for name, value in Decoder().decode(out[9:end]) if str(name) == "grpc-status"))
                )
            out = out[end:]
        return found


async def test_what_is_known_is_answered_at_once() -> None:
    world = World()
    world.says("/answer", b"hello", ends=True)
    assert world.heard() == [b"HELLO", 0]
    world.says("", b"too late")
    assert world.heard() == []


@pytest.mark.parametrize(("error", "status"), [(None, 0), (ValueError("x"), 13)])
async def test_what_is_not_known_is_answered_later(error: Exception | None, status: int) -> None:
    gate = asyncio.Event()

    async def answer(data: bytes) -> bytes:
        await gate.wait()
        if error:
            raise error
        return data.upper()

    world = World(answer)
    world.says("/answer", b"hello", ends=True)
    assert world.heard() == []
    gate.set()
    await asyncio.gather(*world.tasks)
    assert world.heard() == ([b"HELLO"] if not error else []) + [status]


async def test_who_does_not_wait_is_not_answered() -> None:
    async def answer(data: bytes) -> bytes:
        await asyncio.Event().wait()
        return data

    world = World(answer)
    world.says("/answer", b"hello", ends=True)
    world.caller.data_received(frame(RESET, 0, 1, b"\0\0\0\0"))
    world.says("/answer", b"hello", ends=True, stream=3)
    world.caller.connection_lost(None)
    done = await asyncio.gather(*world.tasks, return_exceptions=True)
    assert [type(each) for each in done] == [asyncio.CancelledError] * 2


async def test_a_conversation() -> None:
    world = World()
    world.says("/session", b"a", b"b")
    assert world.heard() == [b"A", b"B"]
    world.says("", b"c", ends=True)
    assert world.heard() == [b"C", 0]
    assert world.sessions[0].has_ended
    assert world.sessions[0].headers[":path"] == "/session"


async def test_conversations_end_with_the_connection_or_before() -> None:
    world = World()
    for stream in (1, 3):
        world.says("/session", b"a", stream=stream)
    world.caller.data_received(frame(RESET, 0, 1, b"\0\0\0\0"))
    assert [each.has_ended for each in world.sessions] == [True, False]
    assert world.callers == {world.caller}
    world.caller.connection_lost(None)
    assert [each.has_ended for each in world.sessions] == [True, True]
    assert not world.callers
    world.caller.close()


async def test_a_mistake_ends_its_call_only(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.says("/session", b"bad")
    assert world.heard() == [13]
    assert world.sessions[0].has_ended
    assert "could not be answered" in caplog.text
    world.says("/session", b"a", stream=3)
    assert world.heard() == [b"A"]


async def test_what_is_not_there() -> None:
    world = World()
    world.says("/other", b"hello", ends=True)
    assert world.heard() == [12]


async def test_what_is_not_understood(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.caller.data_received(frame(5, 0, 0, b""))
    assert world.transport.is_closed
    assert "not understood" in caplog.text
