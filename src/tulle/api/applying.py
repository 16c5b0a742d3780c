"""From what a user sends to objects that can be stored: parts, each read and each kept as it was written. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from tulle.dialects import registry
from tulle.kit.located import LocatedMap, line_of
from tulle.kit.located_yaml import Malformed, parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import DEFAULT_NAMESPACE, Name
from tulle.store.base import Stored

STORE = "store"
"""The source of what is stored."""
DEEPEST_SECTION = 4
"""Levels of keys that may stand around a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One file as it was sent."""

    text: str
    path: str = "(sent)"
    """As the user calls it: findings name it."""
    folder: str = ""
    """Absolute path that relative paths in it start from."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What files say."""

    objects: tuple[Stored, ...]
    findings: tuple[Finding, ...]
    origins: tuple[Origin, ...] = field(default=(), compare=False)
    """Where the objects were written."""

    @property
    def is_usable(self) -> bool:
        """Whether all of it may be stored."""
        return not any(finding.is_error for finding in self.findings)


def read(files: Sequence[Sent]) -> Reading:
    """Every part of the files. With an error in any of them nothing should be stored."""
    objects: dict[Key, tuple[Stored, Origin]] = {}
    findings: list[Finding] = []
    for file in files:
        for part, text in _parts(file, findings):
            findings += registry.read(part).findings
            if part.key in objects:
                first = objects[part.key][1]
                findings.append(
                    Finding.error(part.origin, f"{part.origin.subject} is sent twice (first at {first}); send it once")
                )
                continue
            objects[part.key] = Stored(key=part.key, text=text, folder=file.folder), part.origin
    stored, origins = zip(*objects.values(), strict=True) if objects else ((), ())
    return Reading(stored, tuple(findings), origins)


def said_elsewhere(reading: Reading, documents: Iterable[Document]) -> tuple[Finding, ...]:
    """Objects that another source says, which counts as long as it does."""
    others = {each.key: each.origin for each in documents if each.origin.source != STORE}
    return tuple(
        Finding.warning(
            origin, f"{origin.subject} has no effect: {others[stored.key]} says it, which counts; remove it there first"
        )
        for stored, origin in zip(reading.objects, reading.origins, strict=True)
        if stored.key in others
    )


def _parts(file: Sent, findings: list[Finding]) -> Iterator[tuple[Document, str]]:
    """Each part of a file and its text; what is wrong around them goes to `findings`."""
    for index, piece in enumerate(pieces(file.text)):
        origin = Origin("file", file.path, Anchor(piece.line + 1))
        try:
            data = parse(piece.text)
        except Malformed as error:
            findings.append(Finding.error(origin.at(origin.line + error.line), error.message))
            continue
        if data is None:
            continue
        if not isinstance(data, LocatedMap):
            place = origin.at(origin.line + line_of(data, ()))
            findings.append(Finding.error(place, "a document must be a mapping, not a list or a single value"))
            continue
        name = Name(DEFAULT_NAMESPACE, f"{file.path}#{index}")
        parts, wrong = registry.split(Document(origin, Key(registry.FILE, name), data, file.folder))
        findings += wrong
        lines = piece.text.split("\n")
        for part in parts:
            yield part, text_of(part.data, lines)


def text_of(data: Mapping[str, object], lines: Sequence[str]) -> str:
    """YAML of a part alone: its own lines with their comments where they say the same, otherwise written anew."""
    meaning = json.dumps(data)
    for candidate in _cut_out(data, lines):
        if _says(candidate, meaning):
            return candidate
    dumped = yaml.safe_dump(json.loads(meaning), sort_keys=False, allow_unicode=True)
    return dumped if _says(dumped, meaning) else json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _says(text: str, meaning: str) -> bool:
    try:
        return json.dumps(parse(text)) == meaning
    except Malformed:
        return False


def _cut_out(data: Mapping[str, object], lines: Sequence[str]) -> Iterator[str]:
    """Texts that may say the same as a part: all of the document, its lines below headers of one level, of two, …"""
    if "apiVersion" in data:
        yield "\n".join(lines[1:] if lines[0].strip() == "---" else lines).strip("\n") + "\n"
    line = data.line if isinstance(data, LocatedMap) else 0
    own = _block(lines, line)
    headers = [f"namespace: {json.dumps(data['namespace'])}\n"] if "namespace" in data else []
    section: object = {key: value for key, value in data.items() if key != "namespace"}
    for depth in range(DEEPEST_SECTION):
        yield "".join(headers) + "".join(f"{'  ' * depth}{text}\n" if text else "\n" for text in own)
        if not isinstance(section, dict) or len(section) != 1:
            return
        key, section = next(iter(section.items()))
        headers.append(f"{'  ' * depth}{key}:\n")


def _block(lines: Sequence[str], start: int) -> list[str]:
    """A line, all that is indented deeper below it, and the comments directly above; without their indentation."""
    if start >= len(lines):
        return []
    indent = _indent(lines[start])
    first = start
    while first > 0 and lines[first - 1].lstrip().startswith("#") and _indent(lines[first - 1]) == indent:
        first -= 1
    end = last = start + 1
    while end < len(lines):
        text = lines[end].strip()
        if text and not text.startswith("#"):
            if _indent(lines[end]) <= indent:
                break
            last = end + 1
        end += 1
    return [line[indent:].rstrip("\r") if _indent(line) >= indent else line.strip() for line in lines[first:last]]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
