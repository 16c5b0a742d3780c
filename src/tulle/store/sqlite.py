"""The embedded store: one SQLite file. A revision is one transaction, on disk before its number is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

from tulle.kit.clock import Clock, SystemClock
from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.store.base import Action, Change, Conflict, Intent, Revision, Stored, StoreUnusable, UnknownRevision
from tulle.store.sqlite_file import connected, explained

SCHEMA_VERSION = 1
"""`PRAGMA user_version` of the file."""

# One row for each time that an object was written or removed (text NULL): the state at any revision is, for each key,
# the row with the greatest revision up to it.
_SCHEMA = """
CREATE TABLE revisions (
    number INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    author TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
CREATE TABLE writes (
    revision INTEGER NOT NULL REFERENCES revisions (number),
    kind TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL,
    text TEXT,
    folder TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX writes_by_revision ON writes (revision);
"""
_STATE = """
SELECT kind, namespace, name, text, folder, MAX(revision) FROM writes WHERE revision <= ?
GROUP BY kind, namespace, name HAVING text IS NOT NULL ORDER BY kind, namespace, name
"""
_NEWEST = """
SELECT kind, namespace, name, text, folder, revision FROM writes WHERE kind = ? AND namespace = ? AND name = ?
ORDER BY revision DESC LIMIT 1
"""


class SqliteStore:
    """A `tulle.store.base.Store` in a file."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Open the file, or make it, readable by its owner only.

        Raises:
            StoreUnusable: it cannot be opened, is damaged, or was written by a newer version.
        """
        self._path = path
        self._connection = _opened(path)
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._subscribers: list[Callable[[int], None]] = []

    def close(self) -> None:
        """Close the file. Nothing is lost without it."""
        with self._lock:
            self._connection.close()

    @property
    def revision(self) -> int:
        """The newest revision; 0 as long as nothing was ever stored."""
        with self._lock, explained(self._path):
            return self._newest()

    def objects(self, revision: int | None = None) -> tuple[Stored, ...]:
        """Everything, as of now or as of an earlier revision."""
        with self._lock, self._transaction("DEFERRED"):
            newest = self._newest()
            number = newest if revision is None else revision
            if not 0 <= number <= newest:
                raise UnknownRevision(f"there is no revision {number}; the newest is {newest}")
            return self._state(number)

    def get(self, kind: str, name: Name) -> Stored | None:
        """One object, if it exists now."""
        with self._lock, explained(self._path):
            return self._current(Key(kind, name))

    def apply(self, objects: Sequence[Stored], intent: Intent) -> Revision:
        """Add or replace objects, in one revision."""
        wanted: dict[Key, Stored | None] = {stored.key: stored for stored in objects}
        return self._change(lambda: wanted, intent)

    def delete(self, keys: Sequence[Key], intent: Intent) -> Revision:
        """Remove objects, in one revision."""
        return self._change(lambda: dict.fromkeys(keys), intent)

    def rollback(self, revision: int, intent: Intent) -> Revision:
        """Make everything what it was at a revision, in a new one."""

        def wanted() -> dict[Key, Stored | None]:
            newest = self._newest()
            if not 0 <= revision <= newest:
                raise UnknownRevision(f"there is no revision {revision}; the newest is {newest}")
            then: dict[Key, Stored | None] = {stored.key: stored for stored in self._state(revision)}
            return dict.fromkeys(stored.key for stored in self._state(newest)) | then

        return self._change(wanted, intent)

    def history(self, limit: int = 50) -> tuple[Revision, ...]:
        """The newest revisions, newest first."""
        with self._lock, self._transaction("DEFERRED"):
            rows = self._connection.execute(
                "SELECT number, time, author, message FROM revisions ORDER BY number DESC LIMIT ?", (limit,)
            ).fetchall()
            return tuple(
                Revision(
                    number=number,
                    time=datetime.fromisoformat(time),
                    author=author,
                    message=message,
                    changes=self._changes(number),
                )
                for number, time, author, message in rows
            )

    def subscribe(self, changed: Callable[[int], None]) -> Callable[[], None]:
        """Call `changed` with the number of each new revision, in the thread that made it."""
        self._subscribers.append(changed)
        return lambda: self._subscribers.remove(changed)

    def _change(self, wanted: Callable[[], dict[Key, Stored | None]], intent: Intent) -> Revision:
        """Write what differs between now and what is wanted (None: removed)."""
        with self._lock, self._transaction("IMMEDIATE"):
            newest = self._newest()
            if intent.expected is not None and intent.expected != newest:
                raise Conflict(
                    f"the store is at revision {newest}, not {intent.expected}; look again, then repeat the change"
                )
            rows = list(self._differences(wanted()))
            revision = Revision(
                number=newest + bool(rows),
                time=self._clock.now(),
                author=intent.author,
                message=intent.message,
                changes=tuple(change for change, _ in rows),
            )
            if rows:
                self._write(revision, rows)
        if rows:
            for changed in tuple(self._subscribers):
                changed(revision.number)
        return revision

    def _write(self, revision: Revision, rows: list[tuple[Change, Stored | None]]) -> None:
        self._connection.execute(
            "INSERT INTO revisions VALUES (?, ?, ?, ?)",
            (revision.number, revision.time.isoformat(), revision.author, revision.message),
        )
        self._connection.executemany(
            "INSERT INTO writes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    revision.number,
                    change.key.kind,
                    change.key.name.namespace,
                    change.key.name.name,
                    str(change.action),
                    stored.text if stored else None,
                    stored.folder if stored else "",
                )
                for change, stored in rows
            ],
        )

    def _differences(self, wanted: dict[Key, Stored | None]) -> Iterator[tuple[Change, Stored | None]]:
        """What must be written, by key."""
        for key in sorted(wanted, key=lambda key: (key.kind, key.name)):
            old, new = self._current(key), wanted[key]
            if new is None:
                if old is not None:
                    yield Change(key, Action.REMOVED), None
            elif old is None:
                yield Change(key, Action.ADDED), new
            elif (old.text, old.folder) != (new.text, new.folder):
                yield Change(key, Action.CHANGED), new

    def _current(self, key: Key) -> Stored | None:
        row = self._connection.execute(_NEWEST, (key.kind, key.name.namespace, key.name.name)).fetchone()
        return None if row is None or row[3] is None else _stored(row)

    def _newest(self) -> int:
        number: int = self._connection.execute("SELECT coalesce(MAX(number), 0) FROM revisions").fetchone()[0]
        return number

    def _state(self, revision: int) -> tuple[Stored, ...]:
        return tuple(_stored(row) for row in self._connection.execute(_STATE, (revision,)))

    def _changes(self, revision: int) -> tuple[Change, ...]:
        rows = self._connection.execute(
            "SELECT kind, namespace, name, action FROM writes WHERE revision = ? ORDER BY kind, namespace, name",
            (revision,),
        )
        return tuple(Change(Key(kind, Name(namespace, name)), Action(action)) for kind, namespace, name, action in rows)

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        """All or nothing; what SQLite complains about is said in our words."""
        with explained(self._path):
            self._connection.execute(f"BEGIN {mode}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _opened(path: Path) -> sqlite3.Connection:
    with explained(path):
        connection = connected(path)
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreUnusable(f"{path} was written by a newer version of tulle (schema {version}); use that version")
    if version == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _stored(row: Sequence[object]) -> Stored:
    kind, namespace, name, text, folder, revision = row
    key = Key(str(kind), Name(str(namespace), str(name)))
    return Stored(key=key, text=str(text), folder=str(folder), revision=int(str(revision)))
