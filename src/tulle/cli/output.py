"""What commands print: colours for people, JSON for programs, errors in one line first. Knows nothing of meshes."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, TextIO, TypeAlias

import typer

SCHEMA = "tulle/v1"
"""The version of every JSON document that commands print."""

DONE, FAILED, MISUSED = 0, 1, 2
"""Exit codes: done; findings or failure; usage."""

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class Format(StrEnum):
    """For people or for programs."""

    TEXT = "text"
    JSON = "json"


Output: TypeAlias = Annotated[
    Format, typer.Option("-o", "--output", envvar="TULLE_OUTPUT", help="For people, or for programs.")
]


class Failure(Exception):
    """Something that whoever typed the command can act on: one line, then details. Never shown as a traceback."""

    def __init__(self, message: str, *details: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.code = code


def is_colourful(stream: TextIO) -> bool:
    """Whether colours help: a terminal, and nobody asked for none (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """The text in a style (`red`, `bold red`, or none), if the stream shows colours."""
    if not style or not is_colourful(stream or sys.stdout):
        return text
    return f"\x1b[{';'.join(_CODES[word] for word in style.split())}m{text}\x1b[0m"


def plain(text: str) -> str:
    """Text from elsewhere without control characters, so that no file or log can drive the terminal."""
    return _CONTROL.sub("�", text.expandtabs(4))


def width(text: str) -> int:
    """Columns that a line takes, colours aside."""
    return len(_ESCAPE.sub("", text))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Aligned lines, headings first. Cells may be painted."""
    lines = [[paint(heading, "dim") for heading in headings], *(list(row) for row in rows)]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    return [
        "   ".join(cell + " " * (size - width(cell)) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def say(*lines: str) -> None:
    """Print lines for whoever typed the command."""
    for line in lines:
        print(line, flush=True)


def note(*lines: str) -> None:
    """Print lines that are not the result: progress, warnings. They go to stderr and do not disturb a pipe."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def say_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, ensure_ascii=False), flush=True)


def complain(failure: Failure) -> None:
    """Print an error: one line first, details after."""
    note(f"{paint('error:', 'bold red', sys.stderr)} {failure.message}", *(f"  {line}" for line in failure.details))


def count(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
