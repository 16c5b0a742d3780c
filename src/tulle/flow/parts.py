"""From documents to what their parts say: cut, read, and remembered as long as they do not change.

A part whose newest version has mistakes keeps saying what it last said without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from tulle.dialects import registry
from tulle.envoy import patches
from tulle.model.documents import Document, Key
from tulle.model.extensions import EnvoyPatches
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

Slot = tuple[str, str, Key]
"""What identifies a part over its versions: source, file, key."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the last time."""

    added: frozenset[Document]
    removed: frozenset[Document]


@dataclass(slots=True)
class Parts:
    """Every part that exists, in the order of the documents, with what it says."""

    order: list[Document] = field(default_factory=list)
    fragments: dict[Document, Fragment] = field(default_factory=dict)
    """What counts: the last good version, where the newest has mistakes."""
    findings: dict[Document, tuple[Finding, ...]] = field(default_factory=dict)
    """Of parts (their newest version) and of whole documents; only those that have any."""
    _splits: dict[Document, tuple[Document, ...]] = field(default_factory=dict)
    _whole: dict[tuple[str, str, Key], Document] = field(default_factory=dict)
    _good: dict[Slot, Fragment] = field(default_factory=dict)

    def update(self, documents: tuple[Document, ...]) -> Change:
        """Take the documents that exist now."""
        known = self._splits
        new = [document for document in documents if document not in known]
        gone = known.keys() - set(documents) if new or len(documents) != len(known) else set()
        cut = {document: self._cut(document) for document in new}
        added = frozenset(chain.from_iterable(cut.values()))
        removed = frozenset(part for document in gone for part in known[document])
        for document in gone:
            del known[document]
            self.findings.pop(document, None)
            if self._whole.get(slot := _slot(document)) is document:
                del self._whole[slot]
        known.update(cut)
        self.order = list(chain.from_iterable(map(known.__getitem__, documents)))
        change = Change(added - removed, removed - added)
        self._read(change)
        return change

    def _cut(self, document: Document) -> tuple[Document, ...]:
        before = self._whole.get(_slot(document))
        known: Mapping[Key, Document] = {}
        if before is not None and before in self._splits:
            known = {part.key: part for part in self._splits[before]}
        parts, findings = registry.split(document, known)
        self._whole[_slot(document)] = document
        if findings:
            self.findings[document] = findings
        return parts

    def _read(self, change: Change) -> None:
        for part in change.removed:
            self.fragments.pop(part, None)
            self.findings.pop(part, None)
        kept: set[Slot] = set()
        for part in change.added:
            fragment = _examined(registry.read(part))
            slot = _slot(part)
            kept.add(slot)
            if fragment.findings:
                self.findings[part] = (*self.findings.get(part, ()), *fragment.findings)
            if fragment.is_usable:
                self._good[slot] = fragment
            self.fragments[part] = self._good.get(slot, fragment)
        for part in change.removed:
            if (slot := _slot(part)) not in kept:
                self._good.pop(slot, None)


def _examined(fragment: Fragment) -> Fragment:
    """With what only the compiler can say: whether values are messages of Envoy."""
    sets = (each for each in fragment.objects if isinstance(each, EnvoyPatches))
    found = tuple(finding for each in sets for finding in patches.check(each))
    return replace(fragment, findings=(*fragment.findings, *found)) if found else fragment


def _slot(document: Document) -> Slot:
    return document.origin.source, document.origin.file, document.key
