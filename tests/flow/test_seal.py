from __future__ import annotations

from pathlib import Path
from typing import Any

from tulle.flow.seal import RECORD, seal
from tulle.store.base import StoreUnusable
from tulle.store.records import Record
from tulle.store.sqlite_records import SqliteRecords


def test_it_is_made_once(tmp_path: Path) -> None:
    records, other = SqliteRecords(tmp_path / "a.db"), SqliteRecords(tmp_path / "b.db")
    first = seal(records)
    assert len(first) == 64 and seal(records) == first != seal(other)
    records.close()
    again = SqliteRecords(tmp_path / "a.db")
    assert seal(again) == first
    again.close()
    other.close()


def test_whoever_is_first_makes_it(tmp_path: Path) -> None:
    records = SqliteRecords(tmp_path / "a.db")

    class Slow:
        """Does not see at first what somebody else writes."""

        def __init__(self) -> None:
            self.looks = 0

        def read(self, name: str) -> Record | None:
            self.looks += 1
            if self.looks == 1:
                records.write(RECORD, "theirs", 0)
                return None
            return records.read(name)

        def __getattr__(self, name: str) -> Any:
            return getattr(records, name)

    assert seal(Slow()) == "theirs"
    records.close()


def test_without_a_store_it_lasts_until_the_end() -> None:
    class Broken:
        def read(self, name: str) -> Record | None:
            raise StoreUnusable("full")

        def __getattr__(self, name: str) -> Any: ...

    assert len(seal(Broken())) == 64
