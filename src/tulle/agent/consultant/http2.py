"""As much of HTTP/2 and gRPC as one Envoy on the same host needs of its helper: bytes in, events and bytes out. Pure.

A general library costs three times as much for a request as everything else that is done for it. What is left out:
pushes, priorities, compression of messages, and windows of single streams, because no answer is as large as one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.agent.consultant.header_blocks import HeaderBlocks, Unreadable

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PUSH, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
LARGEST_FRAME = 1 << 20
LARGEST_MESSAGE = 8 << 20
LARGEST_ANSWER = 16_000
"""Bytes: fits into any frame, and some of them into the window of any stream."""
LARGEST_WINDOW = (1 << 31) - 1
FIRST_WINDOW = 65_535
INTERNAL, UNIMPLEMENTED = 13, 12
"""Statuses of gRPC."""


class Broken(Exception):
    """The other side does not keep to the rules."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A call begins."""

    stream: int
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """The caller says something."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The caller has said everything."""

    stream: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The caller does not wait for the answer any more."""

    stream: int


Event = Opened | Message | Ended | Dropped


@dataclass(slots=True)
class _Stream:
    received: bytearray = field(default_factory=bytearray)
    is_answered: bool = False


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    return b"%b%c%c%b%b" % (len(payload).to_bytes(3, "big"), kind, flags, stream.to_bytes(4, "big"), payload)


def _setting(number: int, value: int) -> bytes:
    return number.to_bytes(2, "big") + value.to_bytes(4, "big")


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\0%c%b%c%b" % (len(name), name, len(value), value)


GREETING = frame(
    SETTINGS,
    0,
    0,
    _setting(1, 0) + _setting(4, LARGEST_WINDOW) + _setting(5, LARGEST_FRAME) + _setting(6, LARGEST_MESSAGE),
) + frame(WINDOW, 0, 0, (LARGEST_WINDOW - FIRST_WINDOW).to_bytes(4, "big"))
_OK = b"\x88" + _literal(b"content-type", b"application/grpc")
_END = _literal(b"grpc-status", b"0")


class Connection:
    """What one Envoy says, and is told."""

    def __init__(self) -> None:
        self._blocks = HeaderBlocks()
        self._received = bytearray()
        self._is_greeted = False
        self._streams: dict[int, _Stream] = {}
        self._newest = 0
        self._begun: tuple[int, int, bytearray] | None = None
        """Headers that are not complete: of which stream, with which flags."""
        self._out: list[bytes] = [GREETING]
        self._waiting: list[tuple[int, bytes]] = []
        """Answers for which there is no window, and how much of it they need."""
        self._window = FIRST_WINDOW
        self._taken = 0
        """Bytes of the window of the other side."""

    @property
    def streams(self) -> tuple[int, ...]:
        """Calls that are not over."""
        return tuple(self._streams)

    def outgoing(self) -> bytes:
        """What is to be sent now."""
        out, self._out = self._out, []
        return b"".join(out)

    def answer(self, stream: int, message: bytes, *, ends: bool) -> None:
        """Say something to a caller; nothing if it is gone."""
        call = self._streams.get(stream)
        if call is None:
            return
        if len(message) > LARGEST_ANSWER:
            self.fail(stream, INTERNAL)
            return
        number = stream.to_bytes(4, "big")
        size = len(message) + 5
        out = b"" if call.is_answered else b"%b\1\4%b%b" % (len(_OK).to_bytes(3, "big"), number, _OK)
        out += b"%b\0\0%b\0%b%b" % (size.to_bytes(3, "big"), number, len(message).to_bytes(4, "big"), message)
        call.is_answered = True
        if ends:
            out += b"%b\1\5%b%b" % (len(_END).to_bytes(3, "big"), number, _END)
            del self._streams[stream]
        self._send(size, out)

    def close(self, stream: int) -> None:
        """End a call well, with nothing more to say."""
        call = self._streams.get(stream)
        if call is not None:
            block = _END if call.is_answered else _OK + _END
            del self._streams[stream]
            self._send(0, frame(HEADERS, END_STREAM | END_HEADERS, stream, block))

    def fail(self, stream: int, status: int) -> None:
        """End a call with an error."""
        call = self._streams.get(stream)
        if call is not None:
            block = (b"" if call.is_answered else _OK) + _literal(b"grpc-status", b"%d" % status)
            del self._streams[stream]
            self._send(0, frame(HEADERS, END_STREAM | END_HEADERS, stream, block))

    def receive(self, data: bytes) -> list[Event]:
        """What these bytes say.

        Raises:
            Broken: nothing that is allowed; the connection cannot go on.
        """
        received = self._received
        received += data
        events: list[Event] = []
        at = 0
        if not self._is_greeted:
            if len(received) < len(PREFACE):
                return events
            if not received.startswith(PREFACE):
                raise Broken("this is no HTTP/2")
            self._is_greeted = True
            at = len(PREFACE)
        while len(received) - at >= 9:
            size = int.from_bytes(received[at : at + 3], "big")
            if size > LARGEST_FRAME:
                raise Broken("a frame is too large")
            end = at + 9 + size
            if len(received) < end:
                break
            stream = int.from_bytes(received[at + 5 : at + 9], "big") & 0x7FFFFFFF
            self._take(received[at + 3], received[at + 4], stream, bytes(received[at + 9 : end]), events)
            at = end
        del received[:at]
        return events

    def _take(self, kind: int, flags: int, stream: int, payload: bytes, events: list[Event]) -> None:
        if self._begun is not None and (kind != CONTINUATION or stream != self._begun[0]):
            raise Broken("headers are interrupted")
        if kind == DATA:
            self._take_data(flags, stream, payload, events)
        elif kind == HEADERS:
            block = _unpadded(flags, payload)
            self._begun = (stream, flags, bytearray(block[5:] if flags & PRIORITY else block))
            self._take_headers(flags, events)
        elif kind == CONTINUATION:
            if self._begun is None:
                raise Broken("headers go on that never began")
            self._begun[2].extend(payload)
            self._take_headers(flags, events)
        elif kind == RESET:
            if self._streams.pop(stream, None) is not None:
                events.append(Dropped(stream))
        elif kind == WINDOW and not stream:
            self._window += int.from_bytes(payload, "big")
            self._send_waiting()
        elif kind == SETTINGS and not flags & ACK:
            self._out.append(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self._out.append(frame(PING, ACK, 0, payload))
        elif kind == PUSH:
            raise Broken("clients do not push")

    def _take_headers(self, flags: int, events: list[Event]) -> None:
        assert self._begun is not None
        stream, first_flags, block = self._begun
        if len(block) > LARGEST_MESSAGE:
            raise Broken("headers are too large")
        if not flags & END_HEADERS:
            return
        self._begun = None
        try:
            headers = self._blocks.read(bytes(block))
        except Unreadable as error:
            raise Broken(f"headers cannot be read: {error}") from error
        if stream > self._newest:
            self._newest = stream
            self._streams[stream] = _Stream()
            events.append(Opened(stream, headers))
        elif stream not in self._streams:
            return  # It was answered before it had said everything.
        if first_flags & END_STREAM:
            events.append(Ended(stream))

    def _take_data(self, flags: int, stream: int, payload: bytes, events: list[Event]) -> None:
        self._taken += len(payload)
        if self._taken > LARGEST_WINDOW // 2:
            self._out.append(frame(WINDOW, 0, 0, self._taken.to_bytes(4, "big")))
            self._taken = 0
        call = self._streams.get(stream)
        if call is None:
            return  # It was answered before it had said everything.
        received = call.received
        received += _unpadded(flags, payload)
        while len(received) >= 5:
            end = 5 + int.from_bytes(received[1:5], "big")
            if received[0] or end > LARGEST_MESSAGE:
                raise Broken("a message is compressed, or too large")
            if len(received) < end:
                break
            events.append(Message(stream, bytes(received[5:end])))
            del received[:end]
        if flags & END_STREAM:
            events.append(Ended(stream))

    def _send(self, size: int, out: bytes) -> None:
        if self._waiting or size > self._window:
            self._waiting.append((size, out))
        else:
            self._window -= size
            self._out.append(out)

    def _send_waiting(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._window:
            size, out = self._waiting.pop(0)
            self._window -= size
            self._out.append(out)


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise Broken("there is nothing but padding")
    return payload[1 : len(payload) - payload[0]]
