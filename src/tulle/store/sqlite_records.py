"""Records in the file of the embedded store, in a table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from tulle.store.base import Conflict
from tulle.store.records import Record
from tulle.store.sqlite_file import connected, explained

# A removed record keeps its version (content NULL), so that none is ever used twice.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    name TEXT PRIMARY KEY,
    content TEXT,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""
_WRITE = """
INSERT INTO records VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET content = excluded.content, version = excluded.version
"""


class SqliteRecords:
    """`tulle.store.records.Records` in a file; versions of Tulle that do not know the table leave it alone."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, readable by its owner only.

        Raises:
            StoreUnusable: it cannot be opened, or is damaged.
        """
        self._path = path
        self._lock = Lock()
        self._writes = 0
        with explained(path):
            self._connection = connected(path)
            try:
                self._connection.execute("PRAGMA secure_delete = ON")  # There are keys among them.
                self._connection.execute(_SCHEMA)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file. Nothing is lost without it."""
        with self._lock:
            self._connection.close()

    def all(self) -> tuple[Record, ...]:
        """Every record, by name."""
        with self._lock, explained(self._path):
            rows = self._connection.execute(
                "SELECT name, content, version FROM records WHERE content IS NOT NULL ORDER BY name"
            ).fetchall()
        return tuple(Record(*row) for row in rows)

    def read(self, name: str) -> Record | None:
        """One record, if it exists."""
        with self._lock, explained(self._path):
            content, version = self._current(name)
        return None if content is None else Record(name, content, version)

    def write(self, name: str, content: str, expected: int) -> Record:
        """Write a record whose version is `expected`; 0: that does not exist."""
        return Record(name, content, self._change(name, content, expected))

    def remove(self, name: str, expected: int) -> None:
        """Remove a record whose version is `expected`."""
        self._change(name, None, expected)

    def mark(self) -> int:
        """A number that is another one after every change of any process."""
        with self._lock, explained(self._path):
            # It counts what other connections change, in this process or another (documentation of SQLite).
            changed: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return changed + self._writes

    def _change(self, name: str, content: str | None, expected: int) -> int:
        with self._lock, explained(self._path), self._transaction():
            found, version = self._current(name)
            if expected != (version if found is not None else 0):
                raise Conflict(f'the record "{name}" was changed by somebody else')
            self._connection.execute(_WRITE, (name, content, version + 1))
            self._writes += 1
            return version + 1

    def _current(self, name: str) -> tuple[str | None, int]:
        row = self._connection.execute("SELECT content, version FROM records WHERE name = ?", (name,)).fetchone()
        return (None, 0) if row is None else (row[0], row[1])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # A full disk may have ended it already.
                self._connection.execute("ROLLBACK")
            raise
