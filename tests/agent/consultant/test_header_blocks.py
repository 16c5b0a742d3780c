from __future__ import annotations

from contextlib import suppress

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from tulle.agent.consultant.header_blocks import HeaderBlocks, Unreadable

HEADERS = {":method": "POST", ":path": "/a", "te": "trailers", "x-question": "q" * 300, "x-long-name": ""}
TEXTS = st.text('abcXYZ-:/{}"é \x00', max_size=200)


def encoder(size: int) -> Encoder:
    made = Encoder()
    made.header_table_size = size
    return made


@pytest.mark.parametrize("huffman", [True, False])
@pytest.mark.parametrize("size", [0, 4096])
def test_blocks_are_read(huffman: bool, size: int) -> None:
    blocks, made = HeaderBlocks(), encoder(size)
    for _ in range(3):
        assert blocks.read(made.encode(HEADERS.items(), huffman=huffman)) == HEADERS
    # The other side has learnt that there is to be no table.
    made.header_table_size = 0
    for _ in range(3):
        assert blocks.read(made.encode(HEADERS.items(), huffman=huffman)) == HEADERS
    block = made.encode(HEADERS.items(), huffman=huffman)
    assert blocks.read(block) is blocks.read(block)


def test_texts_are_known_in_other_blocks() -> None:
    blocks, made = HeaderBlocks(), encoder(0)
    for path in ("/a", "/b", "/c"):
        assert blocks.read(made.encode([(":path", path), ("x", "question")])) == {":path": path, "x": "question"}


def test_literals_that_are_never_kept() -> None:
    block = b"\x10\x01a\x01b\x0f\x04\x01c\x00\x03xyz\x00"
    assert HeaderBlocks().read(block) == {"a": "b", "accept": "c", "xyz": ""}


@given(st.lists(st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=5), max_size=5), st.integers(0, 300), st.booleans())
def test_whatever_the_table(many: list[dict[str, str]], size: int, huffman: bool) -> None:
    blocks, made = HeaderBlocks(), encoder(size)
    for headers in many:
        assert blocks.read(made.encode(headers.items(), huffman=huffman)) == headers


@given(st.binary(max_size=60))
def test_nothing_else_ever_happens(block: bytes) -> None:
    blocks = HeaderBlocks()
    for _ in range(2):
        with suppress(Unreadable):
            blocks.read(block)


@pytest.mark.parametrize(
    "block", [b"\x00", b"\x00\x05abc", b"\x80", b"\xff\xff\xff", b"\x00\x01a\x01\xff", b"\xfe", b"\x40\x85\x00"]
)
def test_what_is_no_block(block: bytes) -> None:
    with pytest.raises(Unreadable):
        HeaderBlocks().read(block)
