"""Files of BoltDB (bbolt), read only: the pairs of one bucket. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error

MAGIC, VERSION = 0xED0CDAED, 2
DEEPEST = 64
MOST = 1_000_000
"""Pairs."""
_BRANCH, _LEAF = 0x01, 0x02
_IS_BUCKET = 0x01
_PAGE = Struct("<QHHI")
"""Its number, its kind, how many elements, how many pages belong to it besides itself."""
_META = Struct("<IIIIQQQQQQ")
"""Magic, version, size of pages, flags, root, sequence, free list, highest page, transaction, checksum."""
_BRANCH_ELEMENT = Struct("<IIQ")
_LEAF_ELEMENT = Struct("<IIII")
_BUCKET = Struct("<QQ")


class BadFile(ValueError):
    """It is no such file, or is damaged; the message says why, as the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class Meta:
    """Where a file begins."""

    page_size: int
    root: int
    transaction: int
    """Changes with everything that is written."""


def meta(data: bytes) -> Meta:
    """The newest of the two beginnings that a file has.

    Raises:
        BadFile: both are damaged.
    """
    found = []
    for offset in (0, *(1 << power for power in range(9, 17))):
        if len(data) < offset + _PAGE.size + _META.size:
            break
        fields = _META.unpack_from(data, offset + _PAGE.size)
        magic, version, page_size, _, root, _, _, _, transaction, checksum = fields
        if magic != MAGIC or version != VERSION:
            continue
        begin = offset + _PAGE.size
        is_power = page_size >= 512 and page_size & (page_size - 1) == 0
        if is_power and offset in (0, page_size) and _fnv(data[begin : begin + _META.size - 8]) == checksum:
            found.append(Meta(page_size, root, transaction))
    if not found:
        raise BadFile("is no file of BoltDB, or its beginning is damaged")
    return max(found, key=lambda each: each.transaction)


def pairs(data: bytes, bucket: bytes) -> dict[bytes, bytes]:
    """What a bucket holds; nothing if there is none. Buckets in it are left out.

    Raises:
        BadFile: as it says.
    """
    file = _File(data, meta(data))
    for flags, key, value in file.elements(file.meta.root):
        if key == bucket and flags & _IS_BUCKET:
            return file.bucket(value)
    return {}


@dataclass
class _File:
    data: bytes
    meta: Meta
    steps: int = 0

    def bucket(self, said: bytes) -> dict[bytes, bytes]:
        if len(said) < _BUCKET.size:
            raise BadFile("is damaged: a bucket has no beginning")
        root, _ = _BUCKET.unpack_from(said)
        inline = said[_BUCKET.size :]  # Small ones are kept inside of others.
        found = self.elements(root) if root else self._leaf(inline, 0, len(inline))
        return {key: value for flags, key, value in found if not flags & _IS_BUCKET}

    def elements(self, page: int, depth: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
        """Everything below a page, in order."""
        if depth > DEEPEST:
            raise BadFile(f"is damaged: its tree is deeper than {DEEPEST}")
        begin = page * self.meta.page_size
        _, kind, count, overflow = self._unpacked(_PAGE, self.data, begin)
        end = min(begin + (overflow + 1) * self.meta.page_size, len(self.data))
        if kind & _LEAF:
            yield from self._leaf(self.data, begin, end)
        elif kind & _BRANCH:
            for index in range(count):
                self._count()
                _, _, inner = self._unpacked(
                    _BRANCH_ELEMENT, self.data, begin + _PAGE.size + index * _BRANCH_ELEMENT.size
                )
                yield from self.elements(inner, depth + 1)
        else:
            raise BadFile(f"is damaged: page {page} is of no known kind")

    def _leaf(self, data: bytes, begin: int, end: int) -> Iterator[tuple[int, bytes, bytes]]:
        count = self._unpacked(_PAGE, data, begin)[2]
        for index in range(count):
            self._count()
            at = begin + _PAGE.size + index * _LEAF_ELEMENT.size
            flags, offset, key, value = self._unpacked(_LEAF_ELEMENT, data, at)
            there = at + offset
            if there + key + value > end:
                raise BadFile("is damaged: an entry is outside of its page")
            yield flags, bytes(data[there : there + key]), bytes(data[there + key : there + key + value])

    def _count(self) -> None:
        self.steps += 1
        if self.steps > MOST:
            raise BadFile(f"has more than {MOST:,} entries, or is damaged")

    def _unpacked(self, form: Struct, data: bytes, at: int) -> tuple[int, ...]:
        try:
            return form.unpack_from(data, at)
        except (error, OverflowError) as problem:
            raise BadFile("is damaged: it ends too early") from problem


def _fnv(data: bytes) -> int:
    """The checksum FNV-1a with 64 bits."""
    result = 0xCBF29CE484222325
    for each in data:
        result = ((result ^ each) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return result
