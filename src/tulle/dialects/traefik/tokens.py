"""Words, texts and signs of a rule, as Go reads an expression: with comments, and with line breaks that end it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class RuleError(ValueError):
    """A text is no rule. Says where, what is wrong there and what to write: `column 6: "x" must be in quotes: …`."""

    def __init__(self, text: str, position: int, sentence: str) -> None:
        self.line = text.count("\n", 0, position) + 1
        self.column = position - text.rfind("\n", 0, position)
        line = f"line {self.line}, " if "\n" in text.strip() else ""
        super().__init__(f"{line}column {self.column}: {sentence}")


class Kind(Enum):
    """What a token is."""

    NAME = auto()
    TEXT = auto()
    SIGN = auto()
    BREAK = auto()
    """A line break after which nothing may follow: Go ends a statement where a line ends with an operand."""
    OTHER = auto()
    """Something that belongs into no rule."""
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a rule."""

    kind: Kind
    written: str
    position: int
    value: str = ""
    """Of a text, what is between the quotes."""


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+) | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<NAME>[^\W\d]\w*) | (?P<RAW>`[^`]*`) | (?P<QUOTED>"(?:[^"\\\n]|\\.)*")
    | (?P<SIGN>&&|\|\||[!(),]) | (?P<OTHER>[^\s"`()!&|,]+|.)""",
    re.DOTALL | re.VERBOSE,
)
_NEVER = re.compile("[\0\ufeff\ud800-\udfff]")
"""What Go takes nowhere, not even in a comment."""
_ESCAPE = re.compile(
    r"""\\(?:(?P<letter>[abfnrtv\\"])|x(?P<byte>[0-9A-Fa-f]{2})|(?P<octal>[0-3][0-7]{2})
    |u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|)""",
    re.VERBOSE,
)
_LETTERS = dict(zip('abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))


def tokens(text: str) -> Iterator[Token]:
    """The pieces of a rule; the last one is its end."""
    begin = int(text.startswith("\ufeff"))
    if wrong := _NEVER.search(text, begin):
        raise RuleError(text, wrong.start(), f"U+{ord(wrong.group()):04X} can stand nowhere in a rule; take it out")
    ends_here, broken_at = False, None
    for found in _TOKEN.finditer(text, begin):
        written, position = found.group(), found.start()
        if found.lastgroup in ("space", "comment"):
            if ends_here and broken_at is None and "\n" in written:
                broken_at = position + written.index("\n")
            continue
        if broken_at is not None:
            yield Token(Kind.BREAK, "\n", broken_at)
        token = _token(text, found)
        yield token
        ends_here, broken_at = token.kind in (Kind.NAME, Kind.TEXT) or written == ")", None
    yield Token(Kind.END, "", len(text))


def _token(text: str, found: re.Match[str]) -> Token:
    written, position = found.group(), found.start()
    match found.lastgroup:
        case "RAW":
            return Token(Kind.TEXT, written, position, written[1:-1].replace("\r", ""))
        case "QUOTED":
            return Token(Kind.TEXT, written, position, _unescaped(text, found))
        case "OTHER":
            return _strange(text, written, position)
        case group:
            return Token(Kind[str(group)], written, position)


def _strange(text: str, written: str, position: int) -> Token:
    """What belongs into no rule, unless a sentence about it alone is more helpful than one about where it stands."""
    first = written[0]
    if first in '`"':
        raise RuleError(text, position, f"the text that begins here has no end; write {first} behind it")
    if written.startswith("/*"):
        raise RuleError(text, position, "the comment that begins here has no end; write */ behind it")
    if first.isspace() or not first.isprintable():
        raise RuleError(text, position, f"U+{ord(first):04X} is no space; write a usual one")
    return Token(Kind.OTHER, written, position)


def _unescaped(text: str, found: re.Match[str]) -> str:
    """What is between double quotes; escapes may spell single bytes of a character."""
    content, raw, done = found.group()[1:-1], bytearray(), 0
    begin = found.start() + 1
    for escape in _ESCAPE.finditer(content):
        raw += content[done : escape.start()].encode()
        done = escape.end()
        if (spelt := _bytes(escape)) is None:
            sentence = f'"{content[escape.start() : escape.start() + 2]}" is no escape of Go'
            remedy = "write \\\\ for a backslash, or put the text between ` and `, where nothing is escaped"
            raise RuleError(text, begin + escape.start(), f"{sentence}; {remedy}")
        raw += spelt
    raw += content[done:].encode()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RuleError(text, found.start(), f"{found.group()} spells bytes that are no UTF-8") from None


def _bytes(escape: re.Match[str]) -> bytes | None:
    """What an escape stands for, if it is one."""
    value = str(escape[escape.lastgroup]) if escape.lastgroup else ""
    match escape.lastgroup:
        case None:
            return None
        case "letter":
            return bytes((_LETTERS[value],))
        case "byte" | "octal":
            return bytes((int(value, 8 if escape.lastgroup == "octal" else 16),))
        case _:
            code = int(value, 16)
            return chr(code).encode() if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else None
