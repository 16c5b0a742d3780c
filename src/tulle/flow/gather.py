"""Which documents exist right now: the newest set of each source. Knows nothing of their meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tulle.kit.latest import Latest
from tulle.model.documents import Document
from tulle.model.findings import Finding
from tulle.sources.base import Batch, Source


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that all sources have, in the order of the sources."""

    documents: tuple[Document, ...] = ()
    findings: tuple[Finding, ...] = ()


async def gather(sources: Sequence[Source], offer: Latest[Gathered]) -> None:
    """Follow the sources for ever, and offer the union of their newest sets after every change.

    Nothing is offered before every source has spoken once: half of a mesh would take away what proxies have.
    """
    newest: dict[int, Batch] = {}

    async def follow(index: int, source: Source) -> None:
        async for batch in source.batches():
            newest[index] = keeping(newest.get(index), batch)
            if len(newest) == len(sources):
                offer.set(union([newest[each] for each in range(len(sources))]))

    async with asyncio.TaskGroup() as tasks:
        for index, source in enumerate(sources):
            tasks.create_task(follow(index, source))


def keeping(before: Batch | None, now: Batch) -> Batch:
    """A batch in which everything that cannot be read right now is as it last was."""
    if before is None or not now.unreadable:
        return now
    kept = tuple(
        document
        for document in before.documents
        if document.origin.file in now.unreadable or document.key.name.name in now.unreadable
    )
    return Batch((*now.documents, *kept), now.findings, now.unreadable)


def union(batches: Sequence[Batch]) -> Gathered:
    """All of them as one."""
    return Gathered(
        tuple(document for batch in batches for document in batch.documents),
        tuple(finding for batch in batches for finding in batch.findings),
    )
