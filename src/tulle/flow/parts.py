"""From documents to what their parts say: cut, read, and remembered as long as they do not change.

A part whose newest version has mistakes keeps saying what it last said without them, in an earlier process too
(`flow.last_good`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from tulle.dialects import registry
from tulle.envoy import patches
from tulle.flow.last_good import LastGood, Slot, Version, slot_of
from tulle.kit.sequences import GAP, Span, differing, ranks_between
from tulle.model.documents import Document, Key
from tulle.model.extensions import EnvoyPatches
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

Cut = tuple[Document, ...]
"""A document, cut into its parts."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the last time."""

    added: frozenset[Document]
    removed: frozenset[Document]
    moved: frozenset[Document] = frozenset()
    """Parts that are the same, and stand somewhere else among the others."""


NOTHING: frozenset[Document] = frozenset()
UNCHANGED = Change(NOTHING, NOTHING)


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
    _standing: dict[Document, Document] = field(default_factory=dict)
    """The last good versions of parts that are broken."""
    last_good: LastGood = field(default_factory=LastGood)
    """What outlives the process."""
    _earlier: Mapping[Slot, Version] = field(default_factory=dict)
    """What was good before everything was read anew."""

    def anew(self) -> Parts:
        """Nothing is read yet, but what was good is remembered."""
        return Parts(last_good=self.last_good, _earlier={**self._earlier, **dict(self._versions(self.fragments))})

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
            self._read(UNCHANGED)
            return UNCHANGED
        places = (index for start, stop, _, _ in spans for index in range(start, stop))
        known = {self._documents[index]: self._cuts[index] for index in places}
        now = [documents[index] for _, _, first, last in spans for index in range(first, last)]
        gone = {document: known[document] for document in known.keys() - set(now)}
        said = {slot_of(document): cut for document, cut in gone.items()}
        before = {document: said.get(slot_of(document), ()) for document in now if document not in known}
        cuts = {
            document: self._cut(document, before[document]) if document in before else known[document]
            for document in now
        }
        self._hold(before, cuts)
        for document in gone:
            self.findings.pop(document, None)
        change = self._arrange(spans, [[cuts[each] for each in documents[first:last]] for _, _, first, last in spans])
        self._documents = documents
        self._read(change)
        for document in cuts:
            document.forget()
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
        removed = frozenset(part for old, _ in pairs for part in old if part not in ranks)
        moved = frozenset(part for part, rank in ranks.items() if before.get(part, rank) != rank)
        change = Change(frozenset(part for part in ranks if part not in before), removed, moved)
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

    def _cut(self, document: Document, before: Cut) -> Cut:
        parts, findings = registry.split(document, {part.key: part for part in before})
        if findings:
            self.findings[document] = findings
        return parts

    def _hold(self, before: Mapping[Document, Cut], cuts: dict[Document, Cut]) -> None:
        """A document with mistakes around its parts goes on saying what it said before, and nothing says now."""
        found = {document: self.findings.get(document, ()) for document in before}
        wrong = [document for document, findings in found.items() if any(each.is_error for each in findings)]
        if not wrong:
            return
        said = {(part.origin.source, part.key) for cut in cuts.values() for part in cut}
        for document in wrong:
            candidates = before[document] or self.last_good.said_at((document.origin.source, document.origin.file))
            held = tuple(part for part in candidates if (part.origin.source, part.key) not in said)
            if held:
                said.update((part.origin.source, part.key) for part in held)
                cuts[document] = (*cuts[document], *held)
                self.findings[document] = _told(
                    found[document], "what it last said, and says nowhere now, still counts"
                )

    def _read(self, change: Change) -> None:
        versions = {**self._earlier, **dict(self._versions(change.removed))}
        added = {slot_of(part) for part in change.added}
        gone = {slot_of(part) for part in change.removed} - added
        elsewhere = gone | (self.last_good.recalled.keys() - added)
        homes = {(source, key): (source, file, key) for source, file, key in elsewhere}
        for part in change.removed:
            self.fragments.pop(part, None)
            self.findings.pop(part, None)
            self._standing.pop(part, None)
        # In order: what was parsed one after the other is freed so, and its memory can be used again.
        for part in sorted(change.added, key=self.rank):
            fragment = _meaning(part)
            part.forget()
            found = fragment.findings
            if not fragment.is_usable:
                fragment, found = self._instead(part, fragment, self._version(part, versions, homes))
            else:
                self.last_good.note(slot_of(part), part)
            if found:
                self.findings[part] = (*self.findings.get(part, ()), *found)
            self.fragments[part] = fragment
        for slot in gone:
            self.last_good.note(slot, None)
        self.last_good.built(added)
        self._earlier = {}

    def _versions(self, removed: Iterable[Document]) -> Iterator[tuple[Slot, Version]]:
        """The last good versions of parts that are about to go, or to be replaced."""
        for part in removed:
            if (fragment := self.fragments[part]).is_usable:
                yield slot_of(part), Version(self._standing.get(part, part), fragment)

    def _version(
        self, part: Document, versions: Mapping[Slot, Version], homes: Mapping[tuple[str, Key], Slot]
    ) -> Version | None:
        """The last good version of a part; also if its file has another name now, or it stands in another file."""
        source, _, key = slot = slot_of(part)
        for each in (slot, homes.get((source, key), slot)):
            if each in versions:
                return versions[each]
            if (document := self.last_good.recall(each)) is not None:
                document = replace(document, origin=part.origin)
                fragment = _meaning(document)
                if fragment.is_usable:
                    return Version(document, fragment)
        return None

    def _instead(
        self, part: Document, broken: Fragment, version: Version | None
    ) -> tuple[Fragment, tuple[Finding, ...]]:
        """What counts instead of a broken part, and what is found, with that told."""
        if version is not None:
            self._standing[part] = version.part
            self.last_good.note(slot_of(part), version.part)
            return version.fragment, _told(broken.findings, "its last good version still counts")
        if registry.is_policy(part):
            # Half a policy may allow what it should deny, or the reverse.
            # Only a control plane knows that there is no earlier version which counts.
            what = "it is not enforced until it is mended" if self.last_good.is_kept else "this version is not enforced"
            return Fragment(findings=broken.findings), _told(broken.findings, what)
        return broken, broken.findings


def _meaning(part: Document) -> Fragment:
    """What a part says; also looked at by the compiler, which alone can say whether values are messages of Envoy."""
    fragment = registry.read(part)
    sets = (each for each in fragment.objects if isinstance(each, EnvoyPatches))
    found = tuple(finding for each in sets for finding in patches.check(each))
    return replace(fragment, findings=(*fragment.findings, *found)) if found else fragment


def _told(findings: tuple[Finding, ...], rest: str) -> tuple[Finding, ...]:
    """With what becomes of the part, said once: at its first mistake."""
    first = next(finding for finding in findings if finding.is_error)
    told = replace(first, message=f"{first.message} ({rest})")
    return tuple(told if finding is first else finding for finding in findings)


def _joined(cuts: Iterable[Cut]) -> Cut:
    return tuple(chain.from_iterable(cuts))
