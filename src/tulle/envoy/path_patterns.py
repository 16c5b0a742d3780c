"""Patterns on paths without escapes, as patterns on paths as clients write them. Pure.

What a URL can only carry escaped is written as its escape, whose letters may be of either case. A class that is
negated, and `.`, still stand for one character of what is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = re.compile(
    r"\(\?P?<\w+>|\\.|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]|%[0-9A-Fa-f]{2}|[ \"<>`]|[^\x00-\x7f]", re.DOTALL
)
"""What may have to be written otherwise, and what must not be mistaken for it: names of groups."""
_MEMBER = re.compile(r"\[:\^?[a-z]+:\]|\\.|[^\\]-[^\\]|.", re.DOTALL)
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
UNWRITTEN = frozenset(' "<>\\^`{|}')
"""No path has these as they are."""
MOST = 512
"""Characters of a range that are counted up."""


def written(pattern: str) -> str:
    """A pattern that fits what is written where the given one fits what is meant."""
    return _PART.sub(_part, pattern)


def any_case(path: str) -> str:
    """A pattern for a path, with escapes in either case."""
    return _ESCAPE.sub(lambda each: _either(each[0]), re.escape(path).replace(r"\%", "%"))


def _part(found: re.Match[str]) -> str:
    text = found[0]
    match text[0]:
        case "%":
            return _either(text)
        case "(":
            return text
        case "[":
            return _any_of(text)
        case "\\":
            return _escaped(text[1]) if text[1] in UNWRITTEN else text
        case _:
            return _escaped(text)


def _either(escape: str) -> str:
    return f"(?i:{escape})"


def _escaped(character: str) -> str:
    return _either("".join(f"%{byte:02X}" for byte in character.encode()))


def _any_of(characters: str) -> str:
    """A class, whose members may be longer than a character now."""
    if characters.startswith("[^"):
        return characters
    kept, escapes = "", []
    for member in _MEMBER.findall(characters[1:-1]):
        found = list(_unwritten(member))
        escapes += found
        kept += "" if found else member
    if not escapes:
        return characters
    return f"(?:{'|'.join([*([f'[{kept}]'] if kept else []), *escapes])})"


def _unwritten(member: str) -> Iterator[str]:
    """The escapes of all characters of a member of a class, if it has to be written so."""
    if len(member) == 3 and not member.isascii() and ord(member[2]) - ord(member[0]) < MOST:
        yield from (_escaped(chr(each)) for each in range(ord(member[0]), ord(member[2]) + 1))
    elif len(member) == 1 and (member in UNWRITTEN or not member.isascii()):
        yield _escaped(member)
    elif len(member) == 2 and member[1] in UNWRITTEN:
        yield _escaped(member[1])
