"""The store as a source: its objects are documents like those of files. Does not write."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from tulle.kit.kept_text import KeptText
from tulle.kit.latest import Latest
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import DEFAULT_NAMESPACE
from tulle.sources.base import Batch
from tulle.store.base import Store, Stored, StoreError

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds after which it is looked whether another control plane has written into the same store."""


class StoreSource:
    """A `tulle.sources.base.Source` over a store, which other processes may write into."""

    name = "store"

    def __init__(self, store: Store, look: float = LOOK) -> None:
        self._store = store
        self._look = look
        self._known: dict[Key, tuple[Stored, Document]] = {}

    async def batches(self) -> AsyncIterator[Batch]:
        """Everything that is stored, at once and after every revision."""
        loop, newest = asyncio.get_running_loop(), Latest[int]()

        # Revisions are made in other threads, by requests to the API.
        def changed(revision: int) -> None:
            loop.call_soon_threadsafe(newest.set, revision)

        stop = self._store.subscribe(changed)
        try:
            while True:
                seen = await asyncio.to_thread(self._revision)
                yield await asyncio.to_thread(self._read)
                await self._next(newest, seen)
        finally:
            stop()

    async def _next(self, newest: Latest[int], seen: int) -> None:
        """Wait for a revision after the one that was seen, by whomever it is made."""
        while True:
            try:
                async with asyncio.timeout(self._look):
                    await newest.next()
                return
            except TimeoutError:
                if await asyncio.to_thread(self._revision, seen) != seen:
                    return

    def _revision(self, otherwise: int = 0) -> int:
        """The newest revision; `otherwise` as long as the store cannot be read."""
        try:
            return self._store.revision
        except StoreError as error:
            log.warning("the store cannot be looked at: %s", error)
            return otherwise

    def _read(self) -> Batch:
        known, self._known = self._known, {}
        findings: list[Finding] = []
        for stored in self._store.objects():
            before = known.get(stored.key)
            try:
                is_same = before is not None and before[0] == stored
                self._known[stored.key] = before if before and is_same else (stored, document(stored))
            except Malformed as error:
                findings.append(Finding.error(origin(stored.key).at(error.line + 1), error.message))
        documents = tuple(document for _, document in self._known.values())
        return Batch(documents, tuple(findings), frozenset(finding.origin.file for finding in findings))


def origin(key: Key) -> Origin:
    """Where a stored object is written: in the store, under its kind and name."""
    kind, name = key.kind.rpartition("/")[2], key.name
    shown = name.name if name.namespace == DEFAULT_NAMESPACE else str(name)
    return Origin("store", f"store:{kind}/{shown}", Anchor(), subject=f"{kind} {name.name}")


def document(stored: Stored) -> Document:
    """The document that a stored object is; lines are those of its text.

    Raises:
        Malformed: its text is no YAML mapping.
    """
    data = parse(stored.text)
    if not isinstance(data, LocatedMap):
        raise Malformed(0, "a stored object must be a mapping")
    here = origin(stored.key)
    here.anchor.move(here.anchor.line + data.line)  # Comments may stand above it.
    return Document(here, stored.key, KeptText(stored.text, data), stored.folder, str(stored.revision))
