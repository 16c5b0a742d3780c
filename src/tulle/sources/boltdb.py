"""A file of BoltDB with the keys of Traefik 1 as a source: it is looked at again and again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from tulle.clients.endpoints import CannotFetch, reason
from tulle.kit.bbolt import BadFile, meta, pairs
from tulle.kit.clock import Clock
from tulle.model.findings import Severity
from tulle.model.registries import BoltDbSettings
from tulle.sources.legacy import keys
from tulle.sources.legacy.configuration import configuration
from tulle.sources.readings import Entry, Reading, ReadingSource, Remark

NAME = "boltdb"
LARGEST = 64 * 1024 * 1024
"""Bytes of the file."""
_NUMBER = 8
"""Bytes before each value, in which the store counts."""
_TRIES = 5
Stamp = tuple[int, int, int]


def boltdb_source(settings: BoltDbSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Everything below the prefix, soon after the file has changed."""
    return ReadingSource(NAME, settings.endpoint, [partial(_readings, settings, folder)], clock, folder)


async def _readings(settings: BoltDbSettings, folder: str) -> AsyncGenerator[Reading, None]:
    path = Path(folder, settings.endpoint)
    last: Stamp | None = None
    while True:
        try:
            if (now := _stamp(path)) != last:
                yield read(await asyncio.to_thread(_consistent, path), settings)
                last = now
        except OSError as error:
            raise CannotFetch(reason(error)) from error
        except BadFile as error:
            raise CannotFetch(f"the file {error}") from error
        if not settings.watch:
            await asyncio.Event().wait()  # Nobody wants to know what comes later.
        await asyncio.sleep(settings.refresh_seconds)


def read(data: bytes, settings: BoltDbSettings) -> Reading:
    """What a file says.

    Raises:
        BadFile: it says nothing.
    """
    texts: dict[str, str] = {}
    problems: list[str] = []
    for key, value in pairs(data, settings.bucket.encode()).items():
        try:
            texts[key.decode()] = value[_NUMBER:].decode()
        except UnicodeDecodeError:
            problems.append(f"{key.decode('utf-8', 'replace')} or its value is not text in UTF-8")
    said, wrong = keys.configuration(texts, settings.prefix)
    converted = configuration(said)
    sentences = (*problems, *wrong, *converted.errors)
    remarks = tuple(Remark(Severity.ERROR, settings.endpoint, sentence) for sentence in sentences)
    return Reading((Entry(settings.endpoint, converted.content),) if converted.content else (), remarks)


def _stamp(path: Path) -> Stamp:
    status = os.stat(path)
    if status.st_size > LARGEST:
        raise BadFile(f"is larger than {LARGEST // 2**20} MB")
    return status.st_ino, status.st_size, status.st_mtime_ns


def _consistent(path: Path) -> bytes:
    """The bytes of one moment: whoever writes never touches what the newest beginning refers to, but may begin anew."""
    for _ in range(_TRIES):
        data = path.read_bytes()
        again = path.read_bytes()
        if meta(data) == meta(again):
            return data
    raise BadFile("is written all the time")
