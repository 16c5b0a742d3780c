"""Rules as trees: matchers, joined by `&&`, `||` and `!`. Written out, a tree is a rule that reads as the same tree."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Matcher:
    """One call: ``Host(`shop.example.org`)``."""

    name: str
    """In the usual spelling, however it was written: `PathPrefix`."""
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_quoted, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    operand: Expression

    def __str__(self) -> str:
        return f"!{_grouped(self.operand, And, Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """All of at least two."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " && ".join(_grouped(each, And, Or) for each in self.operands)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of at least two."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " || ".join(_grouped(each, Or) for each in self.operands)


Expression = Matcher | Not | And | Or


def _grouped(expression: Expression, *loose: type[Expression]) -> str:
    return f"({expression})" if isinstance(expression, loose) else str(expression)


_UNRAW = re.compile("[`\r\0\ufeff]")
"""What cannot stand between backquotes: Go drops a carriage return there."""
_SPECIAL = re.compile('[\\\\"\0-\x1f\ufeff]')


def _quoted(text: str) -> str:
    if not _UNRAW.search(text):
        return f"`{text}`"
    return '"' + _SPECIAL.sub(lambda found: _escaped(found.group()), text) + '"'


def _escaped(character: str) -> str:
    return f"\\{character}" if character in '\\"' else f"\\u{ord(character):04x}"
