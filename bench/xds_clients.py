"""Many light xDS clients in one process, each a connection of its own: raw HTTP/2, answers made without parsing.

They stand for Envoys and agents whose own cost must not be counted: a response is read, the type and nonce at its end
are copied into an acknowledgement, and the time is noted. Not a client for anything else.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import struct
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final

from tulle.xds.messages import METHOD, Node, Request, frame_request

LARGEST: Final = (1 << 31) - 1
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = 1
END_HEADERS = 4
ENDED = frozenset((RST_STREAM, GOAWAY))
HEADER: Final = struct.Struct(">BHBBL")
MESSAGE: Final = struct.Struct(">BHBBLBL")
"""The header of a DATA frame and the prefix of the gRPC message in it."""
TYPE_PREFIX = b"type.googleapis.com/"


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return HEADER.pack(len(payload) >> 16, len(payload) & 0xFFFF, kind, flags, stream) + payload


def _message(body: bytes) -> bytes:
    size = len(body) + 5
    return MESSAGE.pack(size >> 16, size & 0xFFFF, DATA, 0, 1, 0, len(body)) + body


def _literal(name: str, value: str) -> bytes:
    return b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


GREETING: Final = b"".join(
    (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        # 4 INITIAL_WINDOW_SIZE, 5 MAX_FRAME_SIZE: nothing here ever has to widen a window.
        _frame(SETTINGS, 0, 0, struct.pack(">HLHL", 4, LARGEST, 5, (1 << 24) - 1)),
        _frame(WINDOW_UPDATE, 0, 0, struct.pack(">L", LARGEST - 65_535)),
        _frame(
            HEADERS,
            END_HEADERS,
            1,
            b"".join(
                _literal(*pair)
                for pair in (
                    (":method", "POST"),
                    (":scheme", "http"),
                    (":path", METHOD),
                    (":authority", "localhost"),
                    ("content-type", "application/grpc"),
                    ("te", "trailers"),
                )
            ),
        ),
    )
)


class Stream:
    """One connection with one delta ADS stream."""

    __slots__ = ("_answers", "_buffer", "_message", "socket")

    def __init__(self, path: str, requests: Sequence[Request], answers: dict[bytes, bytes]) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self._buffer = b""
        self._message = b""
        """What arrived of a message that is longer than its first frame."""
        self._answers = answers
        """Shared: the beginning of an acknowledgement, by type."""
        self.socket.connect(path)
        self.socket.sendall(GREETING + b"".join(_message(frame_request(request)) for request in requests))

    def receive(self) -> int:
        """Read what is there and answer it; the number of responses that were acknowledged.

        Raises:
            ConnectionError: the server ended the stream.
        """
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed a connection")
        if self._buffer:
            data = self._buffer + data
        replies: list[bytes] = []
        count, at, end = 0, 0, len(data)
        while end - at >= 9:
            high, low, kind, flags, _ = HEADER.unpack_from(data, at)
            after = at + 9 + (high << 16 | low)
            if after > end:
                break
            if kind == DATA:
                count += self._take(data[at + 9 : after], replies)
            elif kind == PING and not flags & ACK:
                replies.append(_frame(PING, ACK, 0, data[at + 9 : after]))
            elif kind == SETTINGS and not flags & ACK:
                replies.append(_frame(SETTINGS, ACK, 0, b""))
            elif kind in ENDED:
                raise ConnectionError("the server ended a stream")
            at = after
        self._buffer = data[at:]
        if replies:
            self.socket.sendall(b"".join(replies))
        return count

    def _take(self, payload: bytes, replies: list[bytes]) -> int:
        message = self._message + payload if self._message else payload
        count = 0
        while len(message) >= 5:
            size = 5 + int.from_bytes(message[1:5])
            if len(message) < size:
                break
            replies.append(_message(self._answer(message[:size])))
            message = message[size:]
            count += 1
        self._message = message
        return count

    def _answer(self, response: bytes) -> bytes:
        start = response.rindex(TYPE_PREFIX)
        length = response[start - 1]
        kind, nonce = response[start : start + length], response[start + length + 2 :]
        head = self._answers.get(kind)
        if head is None:  # DeltaDiscoveryRequest: 2 type_url, 6 response_nonce
            head = self._answers[kind] = b"\x12" + bytes((length,)) + kind + b"\x32"
        return head + bytes((len(nonce),)) + nonce


class Clients:
    """The process of clients, seen from the one that measures."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs,), daemon=True)
        self._process.start()

    def connect(self, path: str, streams: int, requests: Sequence[Request]) -> None:
        """Open so many streams to a Unix socket; each names itself and makes these requests."""
        self._pipe.send((path, streams, requests))
        self._pipe.recv()

    def expect(self, count: int) -> None:
        """Begin to note the times of so many acknowledgements."""
        self._pipe.send(count)
        self._pipe.recv()

    def acknowledged(self) -> tuple[list[float], float]:
        """When each was sent (`time.monotonic`), once all were, and the CPU seconds that the process used for them."""
        times, cpu = self._pipe.recv()
        return times, cpu

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _run(pipe: Connection) -> None:
    poll = select.epoll()
    poll.register(pipe.fileno(), select.EPOLLIN)
    streams: dict[int, Stream] = {}
    answers: dict[bytes, bytes] = {}
    times: list[float] = []
    expected, began = -1, 0.0
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != pipe.fileno():
                for _ in range(streams[descriptor].receive()):
                    times.append(time.monotonic())
                continue
            command = pipe.recv()
            if isinstance(command, int):
                expected, began, times = command, time.process_time(), []
            else:
                _connect(command, streams, answers, poll)
            pipe.send(None)
        if len(times) == expected:
            pipe.send((times, time.process_time() - began))
            expected = -1


def _connect(
    command: tuple[str, int, Sequence[Request]],
    streams: dict[int, Stream],
    answers: dict[bytes, bytes],
    poll: select.epoll,
) -> None:
    path, count, requests = command
    for index in range(count):
        named = Request(requests[0].type_url, Node(f"proxy-{index}"), requests[0].subscribe)
        stream = Stream(path, (named, *requests[1:]), answers)
        streams[stream.socket.fileno()] = stream
        poll.register(stream.socket.fileno(), select.EPOLLIN)
