from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tulle.agent import last_good
from tulle.agent.last_good import LastGood
from tulle.xds.snapshot import CLUSTER, SECRET, VIRTUAL_HOST, framed


def test_what_is_kept_is_there_for_the_next_agent(tmp_path: Path) -> None:
    path = tmp_path / "new" / "last-good.db"
    first = LastGood(path)
    cluster = framed(CLUSTER, "c", b"1", endpoints_name="e")
    host = framed(VIRTUAL_HOST, "r/h", b"2", aliases=("r/a", "r/b"))
    first.keep([cluster, host, framed(CLUSTER, "gone", b"3")])
    first.keep([framed(CLUSTER, "c", b"4", endpoints_name="e")], [(CLUSTER, "gone")])
    first.ask(["r/a"])
    first.ask(["r/a", "r/b"])

    # Not closed, as after `kill -9`.
    second = LastGood(path)
    found = {resource.name: resource for resource in second.resources()}
    assert set(found) == {"c", "r/h"}
    assert (found["c"].body, found["c"].endpoints_name) == (b"4", "e")
    assert (found["r/h"].aliases, found["r/h"].version, found["r/h"].wire) == (host.aliases, host.version, host.wire)
    assert second.demand() == {"r/a", "r/b"}
    first.close()
    second.close()


def test_a_damaged_file_starts_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "last-good.db"
    path.write_bytes(b"this is no database" * 500)
    store = LastGood(path)
    store.keep([framed(CLUSTER, "c", b"1")])
    assert len(store.resources()) == 1
    assert "damaged" in caplog.text
    store.close()


def test_pages_that_are_damaged_are_found(tmp_path: Path) -> None:
    path = tmp_path / "last-good.db"
    store = LastGood(path)
    store.keep(framed(CLUSTER, f"c{number}", bytes(1000)) for number in range(50))
    store.close()
    content = bytearray(path.read_bytes())
    content[12_000:30_000] = b"\xff" * 18_000
    path.write_bytes(content)
    store = LastGood(path)
    assert store.resources() == ()
    store.close()


def test_a_disk_that_takes_nothing_costs_the_memory_and_not_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "last-good.db"
    store = LastGood(path)
    store.keep([framed(CLUSTER, "c", b"1")])
    store.close()
    connect = last_good._connect

    def full(place: Path | str) -> sqlite3.Connection:
        if place == path:
            raise sqlite3.OperationalError("database or disk is full")
        return connect(place)

    monkeypatch.setattr(last_good, "_connect", full)
    store = LastGood(path)
    assert [resource.name for resource in store.resources()] == ["c"]
    store.close()
    store.ask(["too late"])
    assert "could not be saved" in caplog.text


def test_a_file_that_was_only_just_begun_is_copied_with_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, connect = tmp_path / "last-good.db", last_good._connect
    path.touch()

    def full(target: Path | str) -> sqlite3.Connection:
        if target == path:
            raise sqlite3.OperationalError("database or disk is full")
        return connect(target)

    monkeypatch.setattr(last_good, "_connect", full)
    store = LastGood(path)
    store.ask(["r/a"])
    assert store.resources() == ()
    assert store.demand() == {"r/a"}
    store.close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "last-good.db"
    path.touch(0o644)
    good = LastGood(path)
    good.keep([framed(SECRET, "secret|a/b", b"key")])
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    good.close()
