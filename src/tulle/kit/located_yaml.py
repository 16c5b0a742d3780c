"""Read YAML into plain values that know their lines. Bounded in depth and size, and never executes anything.

Scalars follow the core schema of YAML 1.2: `on` and `yes` are words, `1:30` is text. Keys are always text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from sys import intern
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from tulle.kit.collecting import no_collection
from tulle.kit.located import LocatedList, LocatedMap

Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only its events are used: the C library's when there is one. Nothing is ever constructed from tags."""

DEEPEST = 64
"""Levels of nesting."""
MOST_REPEATED = 100_000
"""Values that aliases may add to those that are written: a few lines of aliases can otherwise mean billions."""
MOST_VALUES = 4_000_000
"""Values of one document: a hundred thousand services have half of that, and take a gigabyte."""
MOST_NOTED = 100
"""Keys of one mapping that are noted as written twice."""
MOST_DIRECTIVES = 16
"""Each is compared with all others by the parser."""
LONGEST_NUMBER = 40
"""Characters; what is longer is text."""

_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_NOTHING = re.compile(r"(?:[ \t]*(?:#.*)?(?:\r?\n|$)|%.*(?:\r?\n|$))*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(
    r"([-+]?[0-9]{1,40}|0x[0-9a-fA-F]{1,32}|0o[0-7]{1,40})"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,2})?"
)
"""A whole number (the group), or one with a point or an exponent."""
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_STANDARD = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(("!", _STANDARD + "str"))
_PLAIN_TAGS = frozenset(_STANDARD + name for name in ("int", "float", "bool", "null", "map", "seq"))
_SENTENCES = (
    ("cannot start any token", "a value cannot begin with this character; indent with spaces, and quote values that "
     "begin with a tab, @, ` or %"),
    ("mapping values are not allowed", 'there is a ":" too many, or the line is indented too far; '
     "quote values that contain a colon and a space"),
    ("could not find expected ':'", 'a ":" is missing after a key'),
    ("did not find expected key", "the indentation does not fit the lines above, or a quote is not closed"),
    ("did not find expected '-' indicator", "a list item does not begin with -, or is indented differently"),
    ("block sequence entries are not allowed", "a list cannot begin here; put it on a line of its own"),
    ("did not find expected ',' or '}'", "what this { opens has no closing }, or a , is missing"),
    ("did not find expected ',' or ']'", "the list that this [ opens has no closing ], or a , is missing"),
    ("unexpected end of stream", "a quote of this line is never closed"),
    ("did not find expected node content", "a value is missing here, or a bracket above is never closed"),
    ("<document start>", 'write "---" on a line of its own between two documents'),
    ("undefined alias", "this alias (*name) refers to an anchor (&name) that does not exist above it"),
    ("unknown escape character", r"this \ is not a known escape; use single quotes for text with backslashes"),
    ("duplicate anchor", "this anchor (&name) is given twice"),
)  # fmt: skip


class Malformed(ValueError):
    """Text that is not YAML, or not YAML that we take. `line` counts from 0 at the start of the text."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of a text, not parsed yet."""

    line: int
    """Its first line in the text, from 0."""
    text: str


def pieces(text: str) -> tuple[Piece, ...]:
    """Cut a text into its documents. `---` at the start of a line is a marker everywhere (YAML 1.2 §9.1.2)."""
    starts = [0, *(match.start() for match in _MARKER.finditer(text) if match.start()), len(text)]
    found, begin, line = [], 0, 0
    for end in starts[1:]:
        part = text[begin:end]
        if not _is_nothing(part):
            found.append(Piece(line, part))
        elif not part.startswith("---"):
            continue  # Comments and directives before the first marker belong to the document below them.
        line += part.count("\n")
        begin = end
    return tuple(found)


def _is_nothing(text: str) -> bool:
    """Whether a text has only comments, directives and empty lines, before or after its marker."""
    after = text[3:] if text.startswith("---") else text
    match = _NOTHING.match(after)
    return match is not None and match.end() == len(after)


def parse(text: str) -> object:
    """The value of one document, mappings and lists with their lines, relative to the start of the text (0).

    Raises:
        Malformed: it is not YAML, is nested too deep, or grows too much by aliases.
    """
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start())
        raise Malformed(line, f"there is an unprintable character (code {ord(control.group())}) in this line")
    if text.count("\n%") + text.startswith("%") > MOST_DIRECTIVES:
        raise Malformed(0, f"more than {MOST_DIRECTIVES} lines begin with %")
    last_line = text.rstrip().count("\n")
    parser = Parser(text)
    try:
        with no_collection():
            return _Composer(parser).document()
    except yaml.MarkedYAMLError as error:
        is_open = error.context is not None and any(word in error.context for word in ("flow", "quoted scalar"))
        mark = (error.context_mark if is_open else None) or error.problem_mark or error.context_mark
        line = min(mark.line if mark is not None else 0, last_line)
        raise Malformed(line, _sentence(error.problem or "")) from error
    except yaml.YAMLError as error:
        raise Malformed(0, "this is not YAML text") from error
    finally:
        parser.dispose()


def _sentence(problem: str) -> str:
    for part, sentence in _SENTENCES:
        if part in problem:
            return f"not YAML: {sentence}"
    return f"not YAML: {problem}"


class _Composer:
    """Turns the events of one document into values."""

    def __init__(self, parser: Any) -> None:
        self.next = parser.get_event
        self.anchors: dict[str, tuple[object, int]] = {}
        self.open: set[str] = set()
        self.count = 0
        self.repeated = 0
        self.around: list[LocatedMap] = []
        """Mappings that are not complete yet."""
        self.has_repetitions = False

    def document(self) -> object:
        event = self.next()
        while not isinstance(event, DocumentStartEvent):
            if isinstance(event, StreamEndEvent):
                return None
            event = self.next()
        value = self.value(self.next(), 0)
        self.next()
        self.next()  # The end of the text; anything else raises, as a document can only begin with a marker.
        return value

    def value(self, event: Any, depth: int) -> object:
        kind = type(event)
        if kind is AliasEvent:
            return self.alias(event)
        self.count += 1
        if self.count > MOST_VALUES:
            raise Malformed(event.start_mark.line, f"more than {MOST_VALUES} values in one document")
        if event.tag is not None and event.tag not in _PLAIN_TAGS and event.tag not in _TEXT_TAGS:
            raise Malformed(event.start_mark.line, f"the tag {event.tag} is not supported; write a plain value")
        if kind is ScalarEvent:
            value = _scalar(event)
            if event.anchor is not None:
                self.anchors[event.anchor] = value, 1
            return value
        if depth >= DEEPEST:
            raise Malformed(event.start_mark.line, f"nested deeper than {DEEPEST} levels")
        return self.collection(event, depth)

    def collection(self, event: Any, depth: int) -> object:
        before = self.count + self.repeated
        if event.anchor is not None:
            self.open.add(event.anchor)
        is_map = type(event) is MappingStartEvent
        value = self.mapping(event, depth) if is_map else self.sequence(event, depth)
        if event.anchor is not None:
            self.open.discard(event.anchor)
            self.anchors[event.anchor] = value, self.count + self.repeated - before + 1
        return value

    def mapping(self, start: Any, depth: int) -> LocatedMap:
        result = LocatedMap(start.start_mark.line)
        result.repeated = None
        self.around.append(result)
        numbers = [result.line]
        merged: list[tuple[object, int]] = []
        while type(event := self.next()) is not MappingEndEvent:
            line = event.start_mark.line
            key = self.key(event)
            value = self.value(self.next(), depth + 1)
            if key == "<<" and not event.style:
                merged.append((value, line))
            elif key in result:
                self.repeats()
                if len(result.repeated or ()) < MOST_NOTED:
                    result.repeated = (*(result.repeated or ()), (key, line))
            else:
                result[key] = value
                numbers.append(line)
        result.numbers = tuple(numbers)
        for value, line in merged:
            _merge(result, value, line)
        self.around.pop()
        return result

    def repeats(self) -> None:
        """Note that a key is written twice in or below everything that is not complete yet."""
        self.has_repetitions = True
        for each in reversed(self.around):
            if each.repeated is not None:
                break  # So it is noted further out.
            each.repeated = ()

    def sequence(self, start: Any, depth: int) -> LocatedList:
        result = LocatedList(start.start_mark.line)
        while type(event := self.next()) is not SequenceEndEvent:
            result.lines.append(event.start_mark.line)
            result.append(self.value(event, depth + 1))
        return result

    def key(self, event: Any) -> str:
        if type(event) is AliasEvent:
            value = self.alias(event)
            if isinstance(value, str):
                return value
        elif type(event) is ScalarEvent:
            self.count += 1
            if event.anchor is not None:
                self.anchors[event.anchor] = event.value, 1
            return intern(event.value)
        raise Malformed(event.start_mark.line, "a key must be text")

    def alias(self, event: Any) -> object:
        name, line = event.anchor, event.start_mark.line
        if name in self.open:
            raise Malformed(line, f"*{name} is used within itself")
        if name not in self.anchors:
            raise Malformed(line, f"*{name} refers to an anchor (&{name}) that does not exist above it")
        value, size = self.anchors[name]
        if self.has_repetitions:
            self.repeats()  # Perhaps there.
        self.repeated += size
        if self.repeated > MOST_REPEATED:
            raise Malformed(line, f"aliases repeat more than {MOST_REPEATED} values")
        return value


def _merge(result: LocatedMap, value: object, line: int) -> None:
    """Add what `<<: *name` brings, where the mapping itself does not say otherwise."""
    for source in value if isinstance(value, LocatedList) else (value,):
        if not isinstance(source, LocatedMap):
            raise Malformed(line, "<< takes a mapping, or a list of mappings")
        for key, given in source.items():
            if key not in result:
                result.put(key, given, source.line_of(key))


def is_text(text: str) -> bool:
    """Whether a scalar that is written without quotes is text: no number, and no word that means something else."""
    return _NUMBER.fullmatch(text) is None and text not in _WORDS


def _scalar(event: Any) -> object:
    text: str = event.value
    if event.tag in _TEXT_TAGS or not (event.implicit[0] or event.tag in _PLAIN_TAGS):
        return text
    first = text[:1]
    if first not in "0123456789+-.~nNtTfF":
        return text
    number = _NUMBER.fullmatch(text)
    if number is None:
        return _WORDS.get(text, text)
    if number[1] is not None:
        return int(text, 0) if text[:2] in {"0x", "0o"} else int(text)
    return float(text) if len(text) <= LONGEST_NUMBER else text
