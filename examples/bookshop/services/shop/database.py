"""One SQLite file per service; replicas on the same machine share it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

Value = str | int | float | None


class Database:
    """A connection that threads take in turns."""

    def __init__(self, name: str, schema: str) -> None:
        """Open `<directory>/<name>.sqlite`, and make its tables unless they are there."""
        directory = data_directory()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            directory / f"{name}.sqlite", timeout=10, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        # The shop may forget its last second in a power cut; it must not wait for the disk on every click.
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(f"BEGIN IMMEDIATE; {schema}; COMMIT")

    def rows(self, query: str, *values: Value) -> list[dict[str, Value]]:
        """What a query finds."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(query, values)]

    def change(self, statement: str, *values: Value) -> int:
        """Run one statement; the number of rows that it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def insert(self, statement: str, *values: Value) -> int:
        """Insert one row; its number."""
        with self._lock:
            return self._connection.execute(statement, values).lastrowid or 0

    def fill(self, statement: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Run one statement for many rows, all or none."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)


def data_directory() -> Path:
    """`BOOKSHOP_DATA`, else a folder of this user in the temporary one."""
    if given := os.environ.get("BOOKSHOP_DATA"):
        return Path(given)
    return Path(tempfile.gettempdir()) / f"bookshop-{os.getuid()}"
