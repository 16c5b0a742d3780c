from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tulle.model.documents import Key
from tulle.model.names import Name
from tulle.store.base import Conflict, Intent, Stored, StoreUnusable
from tulle.store.records import Record
from tulle.store.sqlite import SqliteStore
from tulle.store.sqlite_records import SqliteRecords


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def records(path: Path) -> Iterator[SqliteRecords]:
    opened = SqliteRecords(path)
    yield opened
    opened.close()


@pytest.fixture
def other(path: Path, records: SqliteRecords) -> Iterator[SqliteRecords]:
    opened = SqliteRecords(path)
    yield opened
    opened.close()


def test_a_record_is_written_by_whoever_has_seen_it(records: SqliteRecords, other: SqliteRecords) -> None:
    assert records.read("a") is None
    assert records.write("a", "one", 0) == Record("a", "one", 1)
    for wrong in (0, 2):
        with pytest.raises(Conflict, match='"a" was changed by somebody else'):
            other.write("a", "two", wrong)
    assert other.write("a", "two", 1) == records.read("a") == Record("a", "two", 2)
    records.write("b", "three", 0)
    assert [each.name for each in other.all()] == ["a", "b"]


def test_a_version_is_never_used_twice(records: SqliteRecords) -> None:
    records.write("a", "one", 0)
    with pytest.raises(Conflict):
        records.remove("a", 2)
    records.remove("a", 1)
    assert records.read("a") is None
    assert records.all() == ()
    assert records.write("a", "again", 0).version == 3
    with pytest.raises(Conflict):
        records.write("a", "late", 1)


def test_only_one_of_many_takes_a_record(records: SqliteRecords, path: Path) -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        mine = SqliteRecords(path)
        for round_ in range(20):
            try:
                mine.write(f"lease {round_}", str(number), 0)
                taken.append(round_)
            except Conflict:
                pass
        mine.close()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(20))


def test_every_change_is_noticed_by_everybody(records: SqliteRecords, other: SqliteRecords) -> None:
    marks = [(records.mark(), other.mark())]

    def note() -> None:
        marks.append((records.mark(), other.mark()))
        assert marks[-1][0] > marks[-2][0]
        assert marks[-1][1] > marks[-2][1]

    version = records.write("a", "one", 0).version
    note()
    version = other.write("a", "two", version).version
    note()
    records.remove("a", version)
    note()
    assert records.mark() == marks[-1][0], "and nothing else is"


def test_records_are_no_part_of_the_desired_state(records: SqliteRecords, path: Path) -> None:
    store = SqliteStore(path)
    thing = Stored(key=Key("native/service", Name("default", "web")), text="a: 1\n")
    store.apply([thing], Intent(author="me"))
    records.write("a", "one", 0)
    assert store.revision == 1
    store.rollback(0, Intent(author="me"))
    assert records.read("a") == Record("a", "one", 1)
    store.close()


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("hello" * 1000)
    with pytest.raises(StoreUnusable, match="is damaged"):
        SqliteRecords(path)


def test_a_table_of_another_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tulle.store.sqlite_records._SCHEMA", "CREATE nothing")
    with pytest.raises(StoreUnusable):
        SqliteRecords(tmp_path / "store.db")


def test_a_change_that_fails_changes_nothing(records: SqliteRecords, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("tulle.store.sqlite_records._WRITE", "INSERT nothing")
        with pytest.raises(StoreUnusable):
            records.write("a", "one", 0)
    assert records.write("a", "one", 0).version == 1
