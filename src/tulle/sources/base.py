"""What a source does: it tells which documents exist right now. Knows nothing of their meaning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from tulle.model.documents import Document
from tulle.model.findings import Finding


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The complete current set of one source."""

    documents: tuple[Document, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What could not be read, and why."""
    unreadable: frozenset[str] = frozenset()
    """Files (as in `Origin.file`) that exist but could not be read: what they last said stays in force."""


class Source(Protocol):
    """A place where documents come from."""

    @property
    def name(self) -> str:
        """What `Origin.source` says of its documents."""
        ...

    def batches(self) -> AsyncIterator[Batch]:
        """Yield the complete current set at once, and again after every change."""
        ...
