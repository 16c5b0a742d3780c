"""Files of SQLite: how they are opened, and what goes wrong with them in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tulle.store.base import StoreUnusable

WAIT = 5.0
"""Seconds that a change waits for one of another process."""


def connected(path: Path) -> sqlite3.Connection:
    """A connection to a file, which is made if there is none, readable by its owner only. Transactions are explicit.

    Raises:
        sqlite3.Error, OSError: it cannot be opened, or is no such file.
    """
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode only FULL waits for the disk at each commit (SQLite documentation, "PRAGMA synchronous").
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise `StoreUnusable`, with a sentence, for what SQLite or the system complains about."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnusable(_sentence(path, error)) from error
    except OSError as error:
        raise StoreUnusable(f"the store {path} cannot be used: {error.strerror}") from error


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"the disk with the store {path} is full; nothing was changed; make room and repeat"
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return f"the store {path} is damaged ({error}); restore it from a copy, or move it away to start anew"
    if code == sqlite3.SQLITE_BUSY:
        return f"another process is changing the store {path} for longer than {WAIT:g} s; nothing was changed"
    return f"the store {path} cannot be used ({error}); nothing was changed"
