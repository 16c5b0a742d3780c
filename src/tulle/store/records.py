"""What replicas of a control plane share beside desired state: small records that are changed by compare-and-set.

They have no history, no part in revisions, and nothing shows them: keys of certificates are kept here, and a rollback
of the desired state must not bring back a certificate that has expired.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """A text, and how often it was written."""

    name: str
    content: str = field(repr=False)
    version: int
    """From 1; another one after every change, also if it was removed meanwhile."""


class Records(Protocol):
    """Records by name. Calls may block for a few milliseconds; from any thread.

    Every method raises `tulle.store.base.StoreUnusable` if the file cannot be used.
    """

    def all(self) -> tuple[Record, ...]:
        """Every record, by name."""
        ...

    def read(self, name: str) -> Record | None:
        """One record, if it exists."""
        ...

    def write(self, name: str, content: str, expected: int) -> Record:
        """Write a record whose version is `expected`; 0: that does not exist.

        Raises:
            Conflict: somebody else was faster; nothing was changed.
        """
        ...

    def remove(self, name: str, expected: int) -> None:
        """Remove a record whose version is `expected`. Raises as `write`."""
        ...

    def mark(self) -> int:
        """A number that is another one after every change of any process."""
        ...
