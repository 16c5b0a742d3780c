"""What a store does: it keeps objects as they were written, and every revision. Knows nothing of their meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tulle.model.documents import Key
from tulle.model.names import Name


class StoreError(Exception):
    """The store could not do what was asked; nothing was changed."""


class Conflict(StoreError):
    """Somebody else changed the store since it was looked at."""


class UnknownRevision(StoreError):
    """There is no such revision."""


class StoreUnusable(StoreError):
    """The disk is full, the file is damaged, or belongs to a newer version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One object as it was written."""

    key: Key
    text: str
    """YAML of this object alone; it can be applied again as it is."""
    folder: str = ""
    """Absolute path that relative paths in it start from; empty if it was not applied from a file."""
    revision: int = 0
    """The revision that wrote it; set by the store."""


class Action(StrEnum):
    """What a revision did to an object."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One object of one revision."""

    key: Key
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One change of the desired state: all of it happened at once, or none of it."""

    number: int
    """From 1, without gaps."""
    time: datetime
    author: str
    message: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Who wants a change, why, and on top of what."""

    author: str
    message: str = ""
    expected: int | None = None
    """Fail if the newest revision is another one; None: whatever it is."""


class Store(Protocol):
    """Objects by key, with their history. Calls may block for a few milliseconds; from any thread."""

    @property
    def revision(self) -> int:
        """The newest revision; 0 as long as nothing was ever stored."""
        ...

    def objects(self, revision: int | None = None) -> tuple[Stored, ...]:
        """Everything, in the order of kind, namespace and name; as of now or as of an earlier revision.

        Raises:
            UnknownRevision: there is no such revision.
        """
        ...

    def get(self, kind: str, name: Name) -> Stored | None:
        """One object, if it exists now."""
        ...

    def apply(self, objects: Sequence[Stored], intent: Intent) -> Revision:
        """Add or replace objects. Objects that are stored with the same text already are no part of the revision.

        Returns the new revision, or, if nothing differs, the newest one with no changes.

        Raises:
            Conflict: `intent.expected` is not the newest revision.
            StoreUnusable: it could not be written; nothing was changed.
        """
        ...

    def delete(self, keys: Sequence[Key], intent: Intent) -> Revision:
        """Remove objects; those that do not exist are passed over. Raises as `apply`."""
        ...

    def rollback(self, revision: int, intent: Intent) -> Revision:
        """Make everything what it was at a revision: a new revision like any other. Raises as `apply`.

        Raises:
            UnknownRevision: there is no such revision.
        """
        ...

    def history(self, limit: int = 50) -> tuple[Revision, ...]:
        """The newest revisions, newest first."""
        ...

    def subscribe(self, changed: Callable[[int], None]) -> Callable[[], None]:
        """Call `changed` with the number of each new revision, in the thread that made it. Returns how to stop it."""
        ...
