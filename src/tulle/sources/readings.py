"""What a provider says at one moment, and the documents that it becomes: the same content, the same document."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tulle.kit.clock import Clock
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.findings import Finding, Severity
from tulle.model.names import Name
from tulle.sources.base import Batch
from tulle.sources.following import EVERYTHING, Attempt, Following, Trouble


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is wrong, and where."""

    severity: Severity
    place: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What one place says; together with all others it is the configuration of the provider."""

    place: str
    """What a person would look for: `docker:container/web`."""
    content: LocatedMap


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a provider says now."""

    entries: tuple[Entry, ...] = ()
    remarks: tuple[Remark, ...] = ()


class ReadingSource:
    """A `tulle.sources.base.Source` over what somebody says again and again."""

    def __init__(
        self,
        name: str,
        place: str,
        attempts: Sequence[Attempt[Reading]],
        clock: Clock | None = None,
        folder: str = "",
    ) -> None:
        """`place` is where a person would look for the provider; in `folder` relative paths start."""
        self.name = name
        self._folder = folder
        self._origin = Origin(name, place)
        self._following = Following(attempts, clock)
        self._documents: dict[str, Document] = {}
        self._origins: dict[str, Origin] = {}
        self._findings: dict[Remark, Finding] = {}

    async def batches(self) -> AsyncIterator[Batch]:
        """Everything that is said, at once and after every change."""
        last: Batch | None = None
        async with aclosing(self._following.states()) as states:
            async for state in states:
                batch = self._failed(state) if isinstance(state, Trouble) else self._read(state)
                if batch != last:
                    last = batch
                    yield batch

    def _failed(self, trouble: Trouble) -> Batch:
        finding = trouble.finding(self._origin, self.name)
        return Batch(tuple(self._documents.values()), (finding,), EVERYTHING)

    def _read(self, reading: Reading) -> Batch:
        known, self._documents = self._documents, {}
        places = [*(each.place for each in reading.entries), *(each.place for each in reading.remarks)]
        self._origins = {place: self._origins.get(place) or self._new_origin(place) for place in places}
        for each in reading.entries:
            before = known.get(each.place)
            is_same = before is not None and before.data == each.content
            self._documents[each.place] = before if before and is_same else self._document(each)
        findings, self._findings = self._findings, {}
        for remark in reading.remarks:
            self._findings[remark] = findings.get(remark) or self._finding(remark)
        return Batch(tuple(self._documents.values()), tuple(self._findings.values()))

    def _new_origin(self, place: str) -> Origin:
        return self._origin if place in ("", self.name) else Origin(self.name, place)

    def _document(self, entry: Entry) -> Document:
        key = Key("file", Name("", entry.place))
        return Document(self._origins[entry.place], key, entry.content, self._folder)

    def _finding(self, remark: Remark) -> Finding:
        return Finding(remark.severity, remark.sentence, self._origins[remark.place])
