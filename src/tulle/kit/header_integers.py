"""Integers as header blocks of HTTP/2 have them (RFC 7541 §5.1)."""

from __future__ import annotations


def integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """A number that begins in the last `bits` bits of the byte at `at`, and where it ends.

    Raises:
        IndexError: the block ends before the number does.
    """
    value = block[at] & ((1 << bits) - 1)
    at += 1
    if value < (1 << bits) - 1:
        return value, at
    shift = 0
    while True:
        value += (block[at] & 0x7F) << shift
        shift += 7
        at += 1
        if block[at - 1] < 0x80:
            return value, at
