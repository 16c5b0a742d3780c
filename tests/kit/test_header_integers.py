"""The examples of RFC 7541, appendix C.1, and every length."""

from __future__ import annotations

import pytest
from hpack.hpack import encode_integer
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.header_integers import integer


@pytest.mark.parametrize(("block", "bits", "value"), [(b"\xea", 5, 10), (b"\x1f\x9a\x0a", 5, 1337), (b"\x2a", 8, 42)])
def test_the_examples_of_the_specification(block: bytes, bits: int, value: int) -> None:
    assert integer(block, 0, bits) == (value, len(block))


@given(st.integers(0, 2**40), st.integers(4, 7))
def test_what_a_library_writes_is_read(value: int, bits: int) -> None:
    block = bytes(encode_integer(value, bits))
    assert integer(b"x" + block + b"y", 1, bits) == (value, 1 + len(block))


def test_a_block_that_ends_too_early() -> None:
    with pytest.raises(IndexError):
        integer(b"\x1f\x9a", 0, 5)
