"""Mappings and lists that remember the line of each entry, so that any value of a document can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class LocatedMap(dict[str, Any]):
    """A mapping as it was written; `lines` holds the line of each key, relative to the start of its document."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


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
            line, value = value.lines.get(str(step), line), value[str(step)]
        elif isinstance(value, LocatedList) and isinstance(step, int) and step < len(value):
            line, value = value.lines[step], value[step]
        else:
            break
    return int(line)
