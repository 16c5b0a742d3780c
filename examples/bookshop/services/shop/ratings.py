"""The messages of `ratings.proto`, by hand: two small messages are not worth a code generator and its runtime."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

METHOD = "/bookshop.v1.Ratings/Average"
SERVICE, _, RPC = METHOD.removeprefix("/").partition("/")


@dataclass(frozen=True, slots=True)
class Book:
    """`message Book { string id = 1; }`"""

    id: str

    def encode(self) -> bytes:
        """In the wire format of protobuf; ids are short, so their length is one byte."""
        text = self.id.encode()[:127]
        return struct.pack("BB", 0x0A, len(text)) + text

    @classmethod
    def decode(cls, data: bytes) -> Book:
        """From the wire format of protobuf."""
        return cls(next((value.decode() for number, value in _fields(data) if number == 1), ""))


@dataclass(frozen=True, slots=True)
class Rating:
    """`message Rating { double average = 1; fixed32 readers = 2; }`"""

    average: float = 0.0
    readers: int = 0

    def encode(self) -> bytes:
        """In the wire format of protobuf."""
        return struct.pack("<BdBI", 0x09, self.average, 0x15, self.readers)

    @classmethod
    def decode(cls, data: bytes) -> Rating:
        """From the wire format of protobuf; a field that is 0 may be missing."""
        fields = dict(_fields(data))
        (average,) = struct.unpack("<d", fields.get(1, bytes(8)))
        (readers,) = struct.unpack("<I", fields.get(2, bytes(4)))
        return cls(average, readers)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each field. Knows the wire types that these messages use: 1, 2 and 5."""
    position = 0
    while position < len(data):
        number, wire_type = data[position] >> 3, data[position] & 7
        position += 1
        if wire_type == 2:
            length = data[position]
            position += 1
        else:
            length = {1: 8, 5: 4}[wire_type]
        yield number, data[position : position + length]
        position += length
