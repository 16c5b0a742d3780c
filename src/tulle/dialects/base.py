"""What a dialect does: it recognizes documents, cuts them into parts, and gives each part its meaning. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tulle.model.documents import Document, Key
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment

Split = tuple[tuple[Document, ...], tuple[Finding, ...]]
"""The parts of a document, and what is wrong with the frame around them."""


class Dialect(Protocol):
    """One language. `tulle.dialects.registry` finds it as `DIALECT` in `tulle.dialects.<name>.dialect`."""

    @property
    def name(self) -> str:
        """The first part of its kinds: `native` for `native/service`."""
        ...

    @property
    def kinds(self) -> Mapping[str, Any]:
        """Its kinds by `<dialect>/<kind>`."""
        ...

    def claims(self, data: Mapping[str, object]) -> bool:
        """Whether a whole document, as it came from a file, is of this language."""
        ...

    def split(self, document: Document, known: Mapping[Key, Document]) -> Split:
        """The parts of a whole document.

        Parts in `known` (those of its last version) that did not change are returned as the same objects, moved to
        where they are now.
        """
        ...

    def read(self, part: Document) -> Fragment:
        """The meaning of one part; its mistakes are findings of the fragment."""
        ...


def claiming(dialects: Iterable[Dialect], data: Mapping[str, object]) -> Dialect | None:
    """The dialect of a whole document, or None if nobody knows it."""
    return next((dialect for dialect in dialects if dialect.claims(data)), None)
