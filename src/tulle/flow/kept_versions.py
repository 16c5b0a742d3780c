"""The last good version of every part, on disk: after a restart, a part or file that is broken now still counts.

All of them are kept, not only those that stand in for something: a file may be broken while nothing runs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock

from tulle.flow.last_good import LastGood, Slot, written
from tulle.model.documents import Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name

log = logging.getLogger(__name__)

FORMAT = 1
"""`PRAGMA user_version` of the file."""
RETRY = 10.0
"""Seconds after which is tried again to write what could not be written."""
_TABLE = "CREATE TABLE versions (slot TEXT PRIMARY KEY, part TEXT NOT NULL) STRICT, WITHOUT ROWID"
# A row that is the same already costs no write.
_PUT = (
    "INSERT INTO versions VALUES (?, ?) "
    "ON CONFLICT (slot) DO UPDATE SET part = excluded.part WHERE part IS NOT excluded.part"
)


class KeptVersions:
    """Parts as they were written, by what identifies them. A disk that takes nothing costs the memory of it only."""

    def __init__(
        self,
        path: Path,
        changed: Callable[[], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`changed` is called after every change of `findings`; `pause` waits for some seconds."""
        self.last_good = LastGood({})
        """What the next build should start with, and tells of its changes."""
        self.findings: tuple[Finding, ...] = ()
        self._path = path
        self._changed = changed
        self._pause = pause
        self._pending: dict[Slot, Document | None] = {}
        self._wanted = asyncio.Event()
        self._writing = Lock()

    def load(self) -> None:
        """Recall what was kept; nothing, with a warning, if the file cannot be used."""
        try:
            if self._path.exists():
                self.last_good = LastGood(_read(self._path))
        except sqlite3.OperationalError as error:
            log.warning("the last good versions in %s cannot be read now: %s", self._path, error)
        except (sqlite3.DatabaseError, ValueError) as error:
            aside = self._path.with_suffix(".unreadable")
            with suppress(OSError):
                self._path.replace(aside)
            log.warning("%s could not be read and was moved to %s: %s", self._path, aside, error)

    def follow(self) -> None:
        """Have written down what was built."""
        if changes := self.last_good.take():
            self._pending.update(changes)
            self._wanted.set()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if not await self._save():
                await self._pause(RETRY)
                self._wanted.set()

    def close(self) -> None:
        """Write what is left."""
        if self._pending:
            self._write(self._pending)

    async def _save(self) -> bool:
        changes, self._pending = self._pending, {}
        # In a thread: waiting for the disk must not hold up the streams.
        error = await asyncio.to_thread(self._write, changes)
        if error:
            self._pending = changes | self._pending
        found = (self._finding(error),) if error else ()
        if [each.message for each in found] != [each.message for each in self.findings]:
            self.findings = found
            self._changed()
        return not error

    def _write(self, changes: Mapping[Slot, Document | None]) -> str:
        """Write changes in one transaction, which is on disk afterwards; what went wrong, if anything did."""
        rows = [(_name(slot), written(part)) for slot, part in changes.items() if part is not None]
        gone = [(_name(slot),) for slot, part in changes.items() if part is None]
        try:
            with self._writing, closing(_opened(self._path)) as database:
                database.execute("BEGIN IMMEDIATE")
                if _format(database) == 0:
                    database.execute(_TABLE)
                    database.execute(f"PRAGMA user_version = {FORMAT}")
                database.executemany("DELETE FROM versions WHERE slot = ?", gone)
                database.executemany(_PUT, rows)
                database.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            log.error("the last good versions could not be saved in %s: %s", self._path, error)
            return str(error)
        return ""

    def _finding(self, error: str) -> Finding:
        message = (
            f"last good versions cannot be kept on disk ({error}); what is broken when the control plane starts the "
            "next time may not count"
        )
        return Finding.warning(Origin("state", str(self._path)), message)


def _opened(path: Path) -> sqlite3.Connection:
    # Secrets may be in it. SQLite gives its journal the mode of the file.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _read(path: Path) -> dict[Slot, str]:
    with closing(sqlite3.connect(path)) as database:
        found = _format(database)
        if found == 0:
            return {}
        if found != FORMAT:
            raise ValueError(f"it is in format {found}, not {FORMAT}")
        return {_slot(name): part for name, part in database.execute("SELECT slot, part FROM versions")}


def _format(database: sqlite3.Connection) -> int:
    """Of a file; 0 if it was only just made."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _name(slot: Slot) -> str:
    source, file, key = slot
    return json.dumps([source, file, key.kind, key.name.namespace, key.name.name])


def _slot(name: str) -> Slot:
    source, file, kind, namespace, own = map(str, json.loads(name))
    return source, file, Key(kind, Name(namespace, own))
