"""Mappings and lists that remember the line of each entry, so that any value of a document can be pointed at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress, islice
from typing import Any


class LocatedMap(dict[str, Any]):
    """A mapping as it was written, and where. Nothing is ever taken out of it or replaced."""

    __slots__ = ("numbers", "repeated")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.numbers: tuple[int, ...] = (line,)
        """Where it begins, and then the line of each key, in the order of the keys: there are very many of these, and
        this takes a quarter of the memory of a second mapping."""
        self.repeated: tuple[tuple[str, int], ...] | None = ()
        """Keys that were written once more, and where; the first value counts. None: neither here nor below."""

    @property
    def line(self) -> int:
        """Where it begins, relative to the start of its document."""
        return self.numbers[0]

    @property
    def lines(self) -> dict[str, int]:
        """The line of each key, relative to the start of its document."""
        return dict(zip(self, self.numbers[1:], strict=False))

    def put(self, key: str, value: object, line: int) -> None:
        """Add an entry that is not there yet, and where it was written."""
        self[key] = value
        self.numbers = (*self.numbers, line)

    def line_of(self, key: str) -> int:
        """The line of a key; without it, where the mapping begins."""
        return next(compress(islice(self.numbers, 1, None), map(key.__eq__, self)), self.line)


class LocatedList(list[Any]):
    """A list as it was written; `lines` holds the line of each item, relative to the start of its document."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def line_of(value: object, path: Sequence[str | int]) -> int:
    """Line (relative to the document) of the value at `path`, or of its nearest ancestor that has one."""
    line = getattr(value, "line", 0)
    for step in path:
        if isinstance(value, LocatedMap) and step in value:
            line, value = value.line_of(str(step)), value[str(step)]
        elif isinstance(value, LocatedList) and isinstance(step, int) and step < len(value):
            line, value = value.lines[step], value[step]
        elif not isinstance(step, int) or step:
            break  # (Index 0 of what is no list: it stands alone where a list could be.)
    return int(line)


def is_moved(old: object, new: object, shift: int) -> bool:
    """Whether two equal values have the same lines, but for a constant shift from `old` to `new`."""
    if isinstance(old, LocatedMap) and isinstance(new, LocatedMap):
        if old.line + shift != new.line or old.repeated or new.repeated:
            return False
        there = new.lines
        return all(
            line + shift == there.get(key) and (type(old[key]) in PLAIN or is_moved(old[key], new[key], shift))
            for key, line in zip(old, old.numbers[1:], strict=False)
        )
    if isinstance(old, LocatedList) and isinstance(new, LocatedList):
        return old.line + shift == new.line and all(
            line + shift == new.lines[index] and is_moved(old[index], new[index], shift)
            for index, line in enumerate(old.lines)
        )
    return type(old) is type(new)


PLAIN = frozenset((str, int))
"""Types of which nearly all values are, and that hold no lines. Not bool: `1 == True`."""


def repetitions(value: object) -> Iterator[tuple[str, int, int]]:
    """Every key that is written twice in one mapping, at any depth: the key, its second line, its first line."""
    to_do = [value]
    while to_do:
        each = to_do.pop()
        if isinstance(each, LocatedMap):
            if each.repeated is None:
                continue
            for key, line in each.repeated:
                yield key, line, each.line_of(key)
            to_do += [child for child in reversed(each.values()) if type(child) not in PLAIN]
        elif isinstance(each, LocatedList):
            to_do += [child for child in reversed(each) if type(child) not in PLAIN]
