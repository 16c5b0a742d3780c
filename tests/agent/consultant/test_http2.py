from __future__ import annotations

from contextlib import suppress

import pytest
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from tulle.agent.consultant import http2
from tulle.agent.consultant.http2 import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FIRST_WINDOW,
    GREETING,
    HEADERS,
    INTERNAL,
    LARGEST_ANSWER,
    LARGEST_FRAME,
    LARGEST_MESSAGE,
    LARGEST_WINDOW,
    PADDED,
    PING,
    PREFACE,
    PRIORITY,
    PUSH,
    RESET,
    SETTINGS,
    WINDOW,
    Broken,
    Connection,
    Dropped,
    Ended,
    Event,
    Message,
    Opened,
    frame,
)

BLOCK = Encoder().encode([(":path", "/x")])
OPENED = Opened(1, {":path": "/x"})


def message(data: bytes) -> bytes:
    return b"\0" + len(data).to_bytes(4, "big") + data


def decoded(block: bytes) -> dict[str, str]:
    return {str(name): str(value) for name, value in Decoder().decode(block)}


def opened(*frames: bytes) -> tuple[Connection, list[Event]]:
    connection = Connection()
    return connection, connection.receive(PREFACE + b"".join(frames))


def sent(connection: Connection) -> list[tuple[int, int, int, bytes]]:
    """Frames: kind, flags, stream, payload."""
    out, frames = connection.outgoing(), []
    while out:
        end = 9 + int.from_bytes(out[:3], "big")
        frames.append((out[3], out[4], int.from_bytes(out[5:9], "big"), out[9:end]))
        out = out[end:]
    return frames


ASKED = frame(HEADERS, END_HEADERS, 1, BLOCK) + frame(DATA, END_STREAM, 1, message(b"hello"))


def test_a_call() -> None:
    connection, events = opened(ASKED)
    assert events == [OPENED, Message(1, b"hello"), Ended(1)]
    assert connection.outgoing() == GREETING
    connection.answer(1, b"world", ends=True)
    head, data, tail = sent(connection)
    assert head[:3] == (HEADERS, END_HEADERS, 1)
    assert decoded(head[3]) == {":status": "200", "content-type": "application/grpc"}
    assert data == (DATA, 0, 1, message(b"world"))
    assert tail[:3] == (HEADERS, END_HEADERS | END_STREAM, 1)
    assert decoded(tail[3]) == {"grpc-status": "0"}
    assert not connection.streams


@given(st.lists(st.integers(1, 30), max_size=40))
def test_however_it_is_cut(sizes: list[int]) -> None:
    data = PREFACE + frame(SETTINGS, 0, 0, b"") + ASKED + frame(RESET, 0, 1, b"\0\0\0\0")
    connection, events = Connection(), []
    for size in sizes:
        events += connection.receive(data[:size])
        data = data[size:]
    events += connection.receive(data)
    assert events == [OPENED, Message(1, b"hello"), Ended(1), Dropped(1)]


@given(st.binary(max_size=80))
def test_nothing_else_ever_happens(data: bytes) -> None:
    connection = Connection()
    with suppress(Broken):
        connection.receive(PREFACE + data)


def test_a_conversation() -> None:
    connection, events = opened(frame(HEADERS, END_HEADERS, 1, BLOCK))
    connection.outgoing()
    events += connection.receive(frame(DATA, 0, 1, message(b"a") + message(b"b")[:5]))
    events += connection.receive(frame(DATA, 0, 1, message(b"b")[5:]))
    assert events == [OPENED, Message(1, b"a"), Message(1, b"b")]
    connection.answer(1, b"A", ends=False)
    connection.answer(1, b"B", ends=False)
    assert [each[0] for each in sent(connection)] == [HEADERS, DATA, DATA]
    assert connection.receive(frame(DATA, END_STREAM, 1, b"")) == [Ended(1)]
    connection.close(1)
    ((kind, flags, stream, block),) = sent(connection)
    assert (kind, flags, stream) == (HEADERS, END_HEADERS | END_STREAM, 1)
    assert decoded(block) == {"grpc-status": "0"}


def test_calls_that_end_without_an_answer() -> None:
    connection, _ = opened(*(frame(HEADERS, END_HEADERS | END_STREAM, each, BLOCK) for each in (1, 3, 5)))
    connection.outgoing()
    connection.close(1)
    connection.fail(3, INTERNAL)
    connection.answer(5, b"x" * (LARGEST_ANSWER + 1), ends=True)
    status = [decoded(block) for _, _, _, block in sent(connection)]
    assert [each["grpc-status"] for each in status] == ["0", "13", "13"]
    assert all(each[":status"] == "200" for each in status)
    assert connection.streams == ()
    # Nobody is there any more.
    connection.close(1)
    connection.fail(3, INTERNAL)
    connection.answer(5, b"x", ends=True)
    assert connection.outgoing() == b""


def test_a_call_that_fails_after_an_answer() -> None:
    connection, _ = opened(frame(HEADERS, END_HEADERS, 1, BLOCK))
    connection.outgoing()
    connection.answer(1, b"x", ends=False)
    connection.fail(1, INTERNAL)
    assert decoded(sent(connection)[-1][3]) == {"grpc-status": "13"}


def test_what_comes_too_late_is_left_alone() -> None:
    connection, _ = opened(frame(HEADERS, END_HEADERS, 1, BLOCK))
    connection.answer(1, b"x", ends=True)
    late = frame(DATA, 0, 1, message(b"a")) + frame(HEADERS, END_HEADERS | END_STREAM, 1, BLOCK)
    assert connection.receive(late + frame(RESET, 0, 1, b"\0\0\0\0")) == []


def test_trailers_end_a_call() -> None:
    _, events = opened(frame(HEADERS, END_HEADERS, 1, BLOCK), frame(HEADERS, END_HEADERS | END_STREAM, 1, BLOCK))
    assert events == [OPENED, Ended(1)]


def test_headers_in_pieces_with_padding_and_priority() -> None:
    first = b"\2" + b"\0" * 5 + BLOCK[:1] + b"\0\0"
    _, events = opened(
        frame(HEADERS, PADDED | PRIORITY | END_STREAM, 1, first),
        frame(CONTINUATION, 0, 1, BLOCK[1:2]),
        frame(CONTINUATION, END_HEADERS, 1, BLOCK[2:]),
    )
    assert events == [OPENED, Ended(1)]


def test_data_with_padding() -> None:
    _, events = opened(frame(HEADERS, END_HEADERS, 1, BLOCK), frame(DATA, PADDED, 1, b"\1" + message(b"a") + b"\0"))
    assert events[1:] == [Message(1, b"a")]


def test_the_connection_itself() -> None:
    connection, events = opened(
        frame(SETTINGS, 0, 0, b""),
        frame(SETTINGS, ACK, 0, b""),
        frame(PING, 0, 0, b"12345678"),
        frame(PING, ACK, 0, b"12345678"),
        frame(WINDOW, 0, 1, b"\0\0\0\1"),
        frame(99, 0, 0, b"?"),
    )
    assert not events
    assert sent(connection)[2:] == [(SETTINGS, ACK, 0, b""), (PING, ACK, 0, b"12345678")]


def test_answers_wait_for_the_window() -> None:
    connection, _ = opened(*(frame(HEADERS, END_HEADERS, each, BLOCK) for each in range(1, 13, 2)))
    connection.outgoing()
    for each in range(1, 11, 2):
        connection.answer(each, b"x" * LARGEST_ANSWER, ends=False)
    connection.close(11)
    assert len(sent(connection)) == 2 * (FIRST_WINDOW // LARGEST_ANSWER)
    connection.receive(frame(WINDOW, 0, 0, (100).to_bytes(4, "big")))
    assert not sent(connection)
    connection.receive(frame(WINDOW, 0, 0, (100_000).to_bytes(4, "big")))
    assert [each[2] for each in sent(connection)] == [9, 9, 11]


def test_the_window_of_the_other_side_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2, "LARGEST_WINDOW", 20)
    connection, _ = opened(frame(HEADERS, END_HEADERS, 1, BLOCK), frame(DATA, 0, 1, message(b"123456")))
    assert sent(connection)[-1] == (WINDOW, 0, 0, (11).to_bytes(4, "big"))
    assert LARGEST_WINDOW > 20


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: example\r\n\r\n",
        PREFACE + (LARGEST_FRAME + 1).to_bytes(3, "big") + b"\0" * 6,
        PREFACE + frame(PUSH, 0, 1, b""),
        PREFACE + frame(CONTINUATION, 0, 1, b""),
        PREFACE + frame(HEADERS, 0, 1, BLOCK) + frame(PING, 0, 0, b""),
        PREFACE + frame(HEADERS, 0, 1, BLOCK) + frame(CONTINUATION, 0, 3, BLOCK),
        PREFACE + frame(HEADERS, END_HEADERS, 1, b"\x80"),
        PREFACE + frame(HEADERS, END_HEADERS | PADDED, 1, b""),
        PREFACE + frame(HEADERS, END_HEADERS | PADDED, 1, b"\x05abc"),
        PREFACE + frame(HEADERS, END_HEADERS, 1, BLOCK) + frame(DATA, 0, 1, b"\1\0\0\0\0"),
        PREFACE
        + frame(HEADERS, END_HEADERS, 1, BLOCK)
        + frame(DATA, 0, 1, message(b"")[:1] + LARGEST_MESSAGE.to_bytes(4, "big")),
        PREFACE + frame(HEADERS, 0, 1, b"") + frame(CONTINUATION, 0, 1, b"x" * LARGEST_FRAME) * 9,
    ],
    ids=range(12),
)
def test_what_is_not_allowed(data: bytes) -> None:
    with pytest.raises(Broken):
        Connection().receive(data)
