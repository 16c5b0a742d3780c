"""What this host runs, in one file that is always either old or new: a later agent adopts it from there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tulle.kit.files import write_atomically
from tulle.model.workloads import Assignment, Instance

log = logging.getLogger(__name__)

RETRY = 5.0
"""Seconds until a write that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One instance, and how to find it again."""

    instance: Instance
    assignment: Assignment
    """What it was started for; newer ones with the same fingerprint replace it."""
    handle: str | None = None
    """That of its driver; None while nothing runs."""


_RECORDS = TypeAdapter(tuple[Record, ...])


class Journal:
    """The file with all records. `run` writes the newest; `written` waits for it."""

    def __init__(self, path: Path, records: Callable[[], tuple[Record, ...]]) -> None:
        self._path = path
        self._records = records
        self._changed = asyncio.Event()
        self._written = asyncio.Condition()
        self._wanted = self._done = self._saved = 0
        self._saving = threading.Lock()

    def load(self) -> tuple[Record, ...]:
        """What the file holds; nothing if there is none, or if it cannot be understood (which is logged)."""
        try:
            return _RECORDS.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            log.error("%s cannot be read, so running instances are not adopted: %s", self._path.name, error)
            return ()

    def changed(self) -> None:
        """The records changed; they will be written soon."""
        self._wanted += 1
        self._changed.set()

    async def written(self) -> None:
        """Wait until the records as they are now were written, or could not be."""
        wanted = self._wanted
        async with self._written:
            await self._written.wait_for(lambda: self._done >= wanted)

    async def run(self) -> None:
        """Write whenever something changed; many changes, one write."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._write()
        finally:
            if self._done < self._wanted:
                self._save(self._wanted, self._records())

    async def _write(self) -> None:
        wanted = self._wanted
        saved = await asyncio.to_thread(self._save, wanted, self._records())
        # A full disk delays nobody: whoever waits goes on, and the next write makes up for it.
        self._done = wanted
        async with self._written:
            self._written.notify_all()
        if not saved:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self._changed.wait()
            self._changed.set()

    def _save(self, number: int, records: tuple[Record, ...]) -> bool:
        # A write of which nobody waits for the end any more may still be under way in its thread.
        with self._saving:
            if number < self._saved:
                return True
            try:
                write_atomically(self._path, _RECORDS.dump_json(records, indent=1), durable=False)
            except OSError as error:
                log.error("%s cannot be written; trying again: %s", self._path.name, error.strerror)
                return False
            self._saved = number
            return True
