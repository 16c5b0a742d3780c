"""The last good state of one proxy, on disk: what its Envoy accepted, and what its workload asked for."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from tulle.xds.snapshot import Resource, framed

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    type TEXT, name TEXT, body BLOB, aliases TEXT, endpoints TEXT, PRIMARY KEY (type, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS demand (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class LastGood:
    """Resources and demand of one proxy. A full disk costs the memory of it, never the service."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = self._open()

    def resources(self) -> tuple[Resource, ...]:
        """Everything that Envoy had accepted."""
        rows = self._database.execute("SELECT type, name, body, aliases, endpoints FROM resources")
        return tuple(
            framed(
                type_url, name, body, aliases=tuple(aliases.split("\n")) if aliases else (), endpoints_name=endpoints
            )
            for type_url, name, body, aliases, endpoints in rows
        )

    def demand(self) -> frozenset[str]:
        """Names of the virtual hosts that the workload asked for."""
        return frozenset(name for (name,) in self._database.execute("SELECT name FROM demand"))

    def keep(self, accepted: Iterable[Resource], removed: Iterable[tuple[str, str]] = ()) -> None:
        """Replace resources, and forget those that were removed (type and name)."""
        rows = [
            (each.type_url, each.name, each.body, "\n".join(each.aliases), each.endpoints_name) for each in accepted
        ]
        self._change(
            ("INSERT OR REPLACE INTO resources VALUES (?, ?, ?, ?, ?)", rows),
            ("DELETE FROM resources WHERE type = ? AND name = ?", list(removed)),
        )

    def ask(self, names: Iterable[str]) -> None:
        """Add to the demand."""
        self._change(("INSERT OR IGNORE INTO demand VALUES (?)", [(name,) for name in names]))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _change(self, *statements: tuple[str, Sequence[tuple[object, ...]]]) -> None:
        try:
            with self._database:
                for statement, rows in statements:
                    if rows:
                        self._database.executemany(statement, rows)
        except sqlite3.Error as error:
            log.error("the last good state in %s could not be saved: %s", self._path, error)

    def _open(self) -> sqlite3.Connection:
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            database = _connect(self._path)
            if (found := database.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
                raise sqlite3.DatabaseError(found)
            return database
        except sqlite3.OperationalError as error:
            log.error("the last good state can be kept only in memory, not in %s: %s", self._path, error)
            return self._copy()
        except sqlite3.DatabaseError as error:
            log.error("the last good state in %s is damaged and starts anew: %s", self._path, error)
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return _connect(self._path)

    def _copy(self) -> sqlite3.Connection:
        """In memory, with what the file has if it can be read: on a full disk it can, by nobody who may write."""
        memory = _connect(":memory:")
        with suppress(sqlite3.Error):
            file = sqlite3.connect(f"file:{self._path}?immutable=1", uri=True)
            file.backup(memory)
            file.close()
        # What was copied may not have come as far as its tables.
        memory.executescript(SCHEMA)
        return memory


def _connect(path: Path | str) -> sqlite3.Connection:
    if isinstance(path, Path):
        # Secrets of the mesh are in it. SQLite gives its journal the mode of the file; what is wrong with it, it says.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            path.chmod(0o600)
    database = sqlite3.connect(path, check_same_thread=False)
    # A dead process loses nothing that was committed; only a dead machine might, and then its Envoys are dead, too.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(SCHEMA)
    return database
