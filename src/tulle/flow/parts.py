"""From documents to what their parts say: cut, read, and remembered as long as they do not change.

A part whose newest version has mistakes keeps saying what it last said without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from tulle.dialects import registry
from tulle.envoy import patches
from tulle.kit.sequences import GAP, Span, differing, ranks_between
from tulle.model.documents import Document, Key
from tulle.model.extensions import EnvoyPatches
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

Slot = tuple[str, str, Key]
"""What identifies a part over its versions: source, file, key."""
Cut = tuple[Document, ...]
"""A document, cut into its parts."""
NOTHING: frozenset[Document] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the last time."""

    added: frozenset[Document]
    removed: frozenset[Document]
    moved: frozenset[Document] = frozenset()
    """Parts that are the same, and stand somewhere else among the others."""


@dataclass(slots=True)
class Parts:
    """Every part that exists, in the order of the documents, with what it says."""

    fragments: dict[Document, Fragment] = field(default_factory=dict)
    """What counts: the last good version, where the newest has mistakes."""
    findings: dict[Document, tuple[Finding, ...]] = field(default_factory=dict)
    """Of parts (their newest version) and of whole documents; only those that have any."""
    ranks: dict[Document, int] = field(default_factory=dict)
    """Where each part stands: higher than those before it. Seldom another number while nothing else moves."""
    _documents: tuple[Document, ...] = ()
    _cuts: list[Cut] = field(default_factory=list)
    """The parts of each document."""
    _whole: dict[tuple[str, str, Key], Document] = field(default_factory=dict)
    _good: dict[Slot, Fragment] = field(default_factory=dict)

    def anew(self) -> Parts:
        """Nothing is read yet, but what was good is remembered."""
        return Parts(_good=self._good)

    @property
    def order(self) -> Sequence[Document]:
        """Every part, in order; made when it is asked for."""
        return list(chain.from_iterable(self._cuts))

    def rank(self, part: Document) -> int:
        """Where a part stands, compared with others."""
        return self.ranks[part]

    def update(self, documents: tuple[Document, ...]) -> Change:
        """Take the documents that exist now."""
        spans = differing(self._documents, documents)
        if not spans:
            return Change(NOTHING, NOTHING)
        places = (index for start, stop, _, _ in spans for index in range(start, stop))
        known = {self._documents[index]: self._cuts[index] for index in places}
        now = [documents[index] for _, _, first, last in spans for index in range(first, last)]
        gone = {document: known[document] for document in known.keys() - set(now)}
        cuts = {document: known[document] if document in known else self._cut(document, gone) for document in now}
        for document in gone:
            self.findings.pop(document, None)
            if self._whole.get(slot := _slot(document)) is document:
                del self._whole[slot]
        change = self._arrange(spans, [[cuts[each] for each in documents[first:last]] for _, _, first, last in spans])
        self._documents = documents
        self._read(change)
        return change

    def _arrange(self, spans: Sequence[Span], cuts: Sequence[list[Cut]]) -> Change:
        """Put the parts of documents where others were; every part has a rank afterwards."""
        start, rest = spans[0][0], len(self._cuts) - spans[-1][1]
        everything = self._cuts[start : len(self._cuts) - rest]
        pairs = []
        for (first, last, _, _), new in zip(reversed(spans), reversed(cuts), strict=True):
            pairs.append((_joined(self._cuts[first:last]), _joined(new)))
            self._cuts[first:last] = new
        if all(len(old) == len(new) for old, new in pairs):
            ranks = {part: self.ranks[other] for old, new in pairs for other, part in zip(old, new, strict=True)}
        else:
            pairs = [(_joined(everything), _joined(self._cuts[start : len(self._cuts) - rest]))]
            ranks = self._ranked(pairs[0][1], start, rest)
        before = self.ranks
        removed = frozenset(chain.from_iterable(old for old, _ in pairs)) - ranks.keys()
        moved = frozenset(part for part, rank in ranks.items() if before.get(part, rank) != rank)
        change = Change(frozenset(ranks.keys() - before.keys()), removed, moved)
        for part in removed:
            del before[part]
        before.update(ranks)
        return change

    def _ranked(self, parts: Cut, start: int, rest: int) -> dict[Document, int]:
        """Ranks for the parts of all documents but so many first and last ones; for all, where there is no room."""
        low = next((self.ranks[cut[-1]] for cut in reversed(self._cuts[:start]) if cut), None)
        high = next((self.ranks[cut[0]] for cut in self._cuts[len(self._cuts) - rest :] if cut), None)
        found = ranks_between(low, high, len(parts))
        if found is None:
            return {part: index * GAP for index, part in enumerate(self.order)}
        return dict(zip(parts, found, strict=True))

    def _cut(self, document: Document, gone: Mapping[Document, Cut]) -> Cut:
        before = self._whole.get(_slot(document))
        known = {part.key: part for part in gone.get(before, ())} if before is not None else {}
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


def _joined(cuts: Iterable[Cut]) -> Cut:
    return tuple(chain.from_iterable(cuts))
