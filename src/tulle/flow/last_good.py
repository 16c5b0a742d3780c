"""The last good versions of parts, beyond the life of a process: those to write down, and those that were.

Within one process the version before the broken one is at hand (`flow.parts`). The disk is `flow.kept_versions`. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from tulle.dialects import registry
from tulle.kit.located import LocatedList, LocatedMap
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

Slot = tuple[str, str, Key]
"""What identifies a part over its versions: source, file, key."""
Place = tuple[str, str]
"""A source and a file of it; without a file, all of the source."""
NOWHERE: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True)
class Version:
    """A part without mistakes, and what it says."""

    part: Document
    fragment: Fragment


class LastGood:
    """The last good versions of an earlier process, and what the next one must be told."""

    def __init__(self, recalled: Mapping[Slot, str] | None = None) -> None:
        """`recalled`: what was written down, by `written`; None if nothing will be."""
        self.changes: dict[Slot, Document | None] = {}
        """What has to be written down since `take`; None: forgotten."""
        self.recalled = dict(recalled or {})
        """Without what was built since; emptied when everything was."""
        self.is_kept = recalled is not None
        self.waits = False
        """Whether documents may still name sources that have not said anything yet: until `settle`."""
        self._slots: dict[Place, list[Slot]] | None = None
        self._stand_ins: dict[Place, list[Document]] | None = None

    def take(self) -> dict[Slot, Document | None]:
        """What has to be written down now."""
        taken, self.changes = self.changes, {}
        return taken

    def note(self, slot: Slot, part: Document | None) -> None:
        """There is another last good version, or (None) no part any more."""
        if self.is_kept:
            self.changes[slot] = part

    def recall(self, slot: Slot) -> Document | None:
        """The version of an earlier process, until there is one of this."""
        text = self.recalled.get(slot)
        return read(slot, text) if text is not None else None

    def stand_ins(self, documents: tuple[Document, ...], unreadable: Set[Place]) -> tuple[Document, ...]:
        """Parts of an earlier process, of files that were unreadable ever since.

        Whatever such a file says nowhere else: one of its documents may be readable.
        """
        if self._stand_ins is None or self.waits:
            self._stand_ins = self._stand_ins or {}
            found = {slot_of(part): part for place in sorted(unreadable) for part in self.said_at(place)}
            for part in found.values():
                self._stand_ins.setdefault((part.origin.source, part.origin.file), []).append(part)
        if self._stand_ins:
            kept = {place: parts for place, parts in self._stand_ins.items() if _is_among(place, unreadable)}
            self._stand_ins = kept
            said = {
                slot_of(part)
                for document in documents
                if (document.origin.source, document.origin.file) in kept
                for part in registry.split(document)[0]
            }
            return tuple(part for parts in kept.values() for part in parts if slot_of(part) not in said)
        return ()

    def said_at(self, place: Place) -> list[Document]:
        """What only an earlier process knew of a file (or a folder, or all of a source), in its order."""
        if self._slots is None:
            self._slots = {}
            for slot in self.recalled:
                for each in (*above(slot[1]), ""):
                    self._slots.setdefault((slot[0], each), []).append(slot)
        found = filter(None, map(self.recall, self._slots.get(place, ())))
        return sorted(found, key=lambda part: (part.origin.file, part.origin.line))

    def built(self, slots: Iterable[Slot]) -> None:
        """These parts exist; if nothing is waited for, no others do."""
        for slot in slots:
            self.recalled.pop(slot, None)
        if not self.waits:
            self.settle()

    def settle(self) -> None:
        """Everything was read: what exists nowhere now is forgotten."""
        for slot in self.recalled:
            self.note(slot, None)
        self.waits, self.recalled, self._slots = False, {}, {}


def still_counting(findings: Iterable[Finding], kept: Iterable[Document]) -> tuple[Finding, ...]:
    """The findings of sources; those about files of which something is kept say so."""
    files = {place for document in kept for place in above(document.origin.file)}
    rest = "; what it last said still counts"
    return tuple(
        replace(each, message=each.message + rest)
        if each.is_error and each.origin.file in files and not each.message.endswith(rest)
        else each
        for each in findings
    )


def slot_of(part: Document) -> Slot:
    """What a part has in common with its other versions."""
    return part.origin.source, part.origin.file, part.key


def written(part: Document) -> str:
    """A part in one line; where each of its values stood is not kept."""
    text = json.dumps([part.origin.line, part.origin.subject, part.folder, part.revision, part.data])
    part.forget()
    return text


def read(slot: Slot, text: str) -> Document | None:
    """The part that was written; None if this is no such text."""
    source, file, key = slot
    try:
        line, subject, folder, revision, data = json.loads(text)
        origin = Origin(str(source), str(file), Anchor(int(line)), 0, str(subject))
        return Document(origin, key, _located(dict(data)), str(folder), str(revision))
    except (ValueError, TypeError, RecursionError):
        return None


def _located(value: dict[str, object]) -> LocatedMap:
    found = LocatedMap(0)
    for key, each in value.items():
        found.put(key, _value(each), 0)
    return found


def _value(value: object) -> object:
    if isinstance(value, dict):
        return _located(value)
    if isinstance(value, list):
        found = LocatedList(0)
        found.extend(map(_value, value))
        found.lines.extend(0 for _ in value)
        return found
    return value


def _is_among(place: Place, places: Set[Place]) -> bool:
    return (place[0], "") in places or any((place[0], each) in places for each in above(place[1]))


def above(file: str) -> Iterator[str]:
    """A file, and the folders that it is in."""
    while file:
        yield file
        file = file.rpartition("/")[0]
