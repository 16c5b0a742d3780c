"""What a source is: it yields every document that exists, again after every change. It gives them no meaning."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from tulle.model.documents import Document
from tulle.model.findings import Finding


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that a source has now. Unchanged documents are the same objects as in the last batch."""

    documents: tuple[Document, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What could not be fetched or parsed."""
    unreadable: frozenset[str] = frozenset()
    """What cannot be read right now, and should be taken as it last was: files (`Origin.file` of their documents),
    folders of them, or single documents (`Key.name.name`)."""
    source: str = ""
    """`Origin.source` of its documents, if that is not the name of their source."""


class Source(Protocol):
    """One place where documents come from."""

    @property
    def name(self) -> str:
        """`file`, `store`: also `Origin.source` of its documents."""
        ...

    def batches(self) -> AsyncIterator[Batch]:
        """The complete current set at once, and again after every change, until it is closed."""
        ...
