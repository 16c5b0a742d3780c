"""Files that bbolt wrote, as a source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kit.bbolt_files import BIG, SMALL, TINY
from tests.sources.batches import following, routers
from tulle.kit.bbolt import BadFile
from tulle.model.registries import BoltDbSettings
from tulle.sources import boltdb
from tulle.sources.boltdb import boltdb_source, read

SETTINGS = BoltDbSettings("t.db", refresh_seconds=0.02)


async def test_a_file_changes_is_damaged_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with following(boltdb_source(SETTINGS, folder=str(tmp_path))) as batches:
        assert "no such file" in await batches.trouble()
        path.write_bytes(SMALL)
        first = await batches.until(lambda batch: bool(batch.documents))
        assert routers(first) == {"f1"}
        path.write_bytes(b"hello")
        assert "the file is no file of BoltDB" in await batches.trouble()
        assert batches.last.documents == first.documents
        path.write_bytes(TINY)
        assert not (await batches.until(lambda batch: not batch.unreadable)).documents


async def test_once(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(SMALL)
    async with following(boltdb_source(BoltDbSettings(str(path), watch=False))) as batches:
        assert routers(await batches.next()) == {"f1"}


async def test_one_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    path.touch()
    os.truncate(path, boltdb.LARGEST + 1)
    async with following(boltdb_source(SETTINGS, folder=str(tmp_path))) as batches:
        assert "the file is larger than 64 MB" in await batches.trouble()


async def test_one_that_is_written_all_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.db"
    path.write_bytes(SMALL)
    contents = iter([SMALL, TINY] * 10)
    monkeypatch.setattr(Path, "read_bytes", lambda _: next(contents))
    async with following(boltdb_source(SETTINGS, folder=str(tmp_path))) as batches:
        assert "is written all the time" in await batches.trouble()


def test_many_keys_and_other_buckets() -> None:
    assert not read(BIG, BoltDbSettings()).entries  # Backends that no frontend wants.
    assert not read(SMALL, BoltDbSettings(bucket="other")).entries
    with pytest.raises(BadFile):
        read(b"", BoltDbSettings())


def test_values_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boltdb, "pairs", lambda *_: {b"/traefik/frontends/f/backend": b"\0" * 8 + b"\xff"})
    (remark,) = read(b"", BoltDbSettings()).remarks
    assert "is not text in UTF-8" in remark.sentence
