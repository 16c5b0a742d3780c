"""Headers as HTTP/2 packs them (RFC 7541), unpacked as cheaply as possible.

A gateway that was told not to keep a table says the same things in the same bytes each time: whole blocks are
remembered, and so are the texts in those that are new. What refers to a table is left to a library.
"""

from __future__ import annotations

from hpack import Decoder
from hpack.exceptions import HPACKError
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from tulle.agent.consultant.remembered import Remembered
from tulle.kit.header_integers import integer

LARGEST = 8 << 20
MOST_KNOWN = 16 << 20
"""Bytes of blocks, and of texts."""
_STATIC = [(name.decode(), value.decode()) for name, value in HeaderTable.STATIC_TABLE]


class Unreadable(ValueError):
    """A block is none."""


class _NeedsTable(Exception):
    """A block refers to a table, or changes it."""


class HeaderBlocks:
    """Those of one connection."""

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=LARGEST)
        self._blocks: Remembered[bytes, dict[str, str]] = Remembered(MOST_KNOWN, lambda block, _: len(block))
        self._texts: Remembered[bytes, str] = Remembered(MOST_KNOWN, lambda text, _: len(text))

    def read(self, block: bytes) -> dict[str, str]:
        """The headers of a block; of two with the same name the last.

        Raises:
            Unreadable: it is none.
        """
        known = self._blocks.get(block)
        if known is not None:
            return known
        try:
            headers = self._parse(block)
        except _NeedsTable:
            return self._decode(block)
        except (IndexError, HPACKError, UnicodeDecodeError) as error:
            raise Unreadable(str(error)) from error
        self._blocks.put(block, headers)
        return headers

    def _decode(self, block: bytes) -> dict[str, str]:
        try:
            return {str(name): str(value) for name, value in self._decoder.decode(block)}
        except (IndexError, HPACKError) as error:
            raise Unreadable(str(error)) from error

    def _parse(self, block: bytes) -> dict[str, str]:
        """Without a table."""
        headers: dict[str, str] = {}
        has_table = self._decoder.header_table_size > 0
        at = 0
        while at < len(block):
            kind = block[at]
            if kind & 0x80:
                index, at = integer(block, at, 7)
                name, value = _entry(index)
            elif (kind & 0x40 and has_table) or kind & 0xE0 == 0x20:
                raise _NeedsTable
            else:
                index, at = integer(block, at, 6 if kind & 0x40 else 4)
                if index:
                    name, _ = _entry(index)
                else:
                    name, at = self._text(block, at)
                value, at = self._text(block, at)
            headers[name] = value
        return headers

    def _text(self, block: bytes, at: int) -> tuple[str, int]:
        is_packed = block[at] & 0x80
        length, at = integer(block, at, 7)
        packed = block[at : at + length]
        if len(packed) < length:
            raise IndexError("a text ends too early")
        if not is_packed:
            return packed.decode(), at + length
        text = self._texts.get(packed)
        if text is None:
            text = decode_huffman(packed).decode()
            self._texts.put(packed, text)
        return text, at + length


def _entry(index: int) -> tuple[str, str]:
    if not 0 < index <= len(_STATIC):
        raise _NeedsTable
    return _STATIC[index - 1]
