"""Which documents exist right now: the newest batch of every source. Knows nothing of their meaning."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tulle.flow.last_good import NOWHERE, Place, above, still_counting
from tulle.kit.latest import Latest
from tulle.model.documents import Document, Origin
from tulle.model.findings import Finding
from tulle.sources.base import Batch, Source

log = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds before a source that failed is asked again, at most."""
PATIENCE = 5.0
"""Seconds for which everything waits for the first word of one more source."""
EVERYTHING = frozenset(("",))
"""What a source that failed cannot read."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that all sources have."""

    documents: tuple[Document, ...] = ()
    findings: tuple[Finding, ...] = ()
    unreadable: frozenset[Place] = NOWHERE
    """Files (or all of a source) that cannot be read now, at least not completely."""


class Gather:
    """Joins sources. Offers nothing before each of them has answered once (or failed)."""

    def __init__(self, sources: Sequence[Source], *, first_pause: float = 0.5, patience: float = PATIENCE) -> None:
        self.newest: Latest[Gathered] = Latest()
        """What exists now; a reader that is slow sees only the newest."""
        self._sources = tuple(sources)
        self._tasks: asyncio.TaskGroup | None = None
        self._following: dict[str, asyncio.Task[None]] = {}
        self._batches: dict[str, Batch] = {}
        self._first_pause = first_pause
        self._patience = patience

    async def run(self) -> None:
        """Follow every source until cancelled. A source that fails is asked again, and keeps what it last said."""
        if not self._sources:
            self.newest.set(Gathered())
        async with asyncio.TaskGroup() as self._tasks:
            for source in self._sources:
                self._begin(source)

    @property
    def is_waiting(self) -> bool:
        """Whether a source has not answered yet."""
        return len(self._batches) < len(self._sources)

    def add(self, source: Source) -> None:
        """Follow one more source; nothing is offered until it has answered (or failed), but not for long."""
        self._sources = (*self._sources, source)
        self._begin(source)
        asyncio.get_running_loop().call_later(self._patience, self._wait_no_more, source)

    def remove(self, name: str) -> None:
        """Do not follow a source any more, and forget what it said."""
        self._sources = tuple(source for source in self._sources if source.name != name)
        following = self._following.pop(name, None)
        if following is not None:
            following.cancel()
        self._batches.pop(name, None)
        self._offer()

    def _begin(self, source: Source) -> None:
        if self._tasks is not None:
            task = self._tasks.create_task(self._follow(source), name=f"source {source.name}")
            self._following[source.name] = task

    def again(self) -> None:
        """Offer the same once more: something else has changed that a mesh is built from."""
        self._offer()

    async def _follow(self, source: Source) -> None:
        pause = self._first_pause
        while True:
            try:
                async for batch in source.batches():
                    self._take(source.name, batch)
                    pause = self._first_pause
                return
            except Exception as error:  # One source must not end the others.
                log.exception("source %s failed; it is asked again in %.1f s", source.name, pause)
                self._fail(source.name, error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _take(self, name: str, batch: Batch) -> None:
        self._batches[name] = merged(self._batches.get(name, Batch()), batch)
        self._offer()

    def _fail(self, name: str, error: Exception) -> None:
        finding = Finding.error(Origin(name), f"source {name} cannot be read: {error}; what it last said still counts")
        before = self._batches.get(name, Batch())
        self._batches[name] = Batch(before.documents, (finding,), EVERYTHING, before.source)
        self._offer()

    def _wait_no_more(self, source: Source) -> None:
        """Go on without a source that says nothing: it may be somebody's server that never answers."""
        if source in self._sources and source.name not in self._batches:
            sentence = f"source {source.name} has not answered yet; what it last said still counts"
            self._batches[source.name] = Batch((), (Finding.error(Origin(source.name), sentence),), EVERYTHING)
            self._offer()

    def _offer(self) -> None:
        if self.is_waiting:
            return
        batches = [self._batches[source.name] for source in self._sources]
        self.newest.set(
            Gathered(
                tuple(chain.from_iterable(batch.documents for batch in batches)),
                tuple(chain.from_iterable(batch.findings for batch in batches)),
                frozenset(chain.from_iterable(_places(name, batch) for name, batch in self._batches.items())),
            )
        )


def merged(before: Batch, now: Batch) -> Batch:
    """The newest batch, with what cannot be read now as it last was.

    Documents are counted in their file, and others may have been inserted before the one that cannot be read: whatever
    such a file said before and says nowhere now stays, too.
    """
    if not now.unreadable:
        return now
    present = set(now.documents)
    files = {name.partition("#")[0] for name in now.unreadable}
    said = {(document.origin.file, _object(document)) for document in now.documents if document.origin.file in files}
    kept = [
        document
        for document in before.documents
        if document not in present
        and (
            any(place in now.unreadable for place in above(document.origin.file))
            or document.key.name.name in now.unreadable
            or (document.origin.file in files and (document.origin.file, _object(document)) not in said)
        )
    ]
    return Batch((*now.documents, *kept), still_counting(now.findings, kept), now.unreadable, now.source)


def _places(source: str, batch: Batch) -> Iterator[Place]:
    """Where something is unreadable: single documents are named after their file."""
    source = batch.source or source
    for name in batch.unreadable:
        yield source, name
        yield source, name.partition("#")[0]


def _object(document: Document) -> tuple[str, ...]:
    """Which object a document is about, or which document of its file it is."""
    metadata = document.data.get("metadata")
    if not isinstance(metadata, dict) or "kind" not in document.data:
        return (document.key.name.name,)
    return tuple(str(each) for each in (document.data["kind"], metadata.get("namespace"), metadata.get("name")))
