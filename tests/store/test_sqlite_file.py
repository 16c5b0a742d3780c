from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from tulle.store.base import StoreUnusable
from tulle.store.sqlite_file import connected, explained


def test_a_file_is_made_for_its_owner_and_waits_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = connected(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


def test_what_goes_wrong_is_said_in_our_words(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("hello" * 1000)
    with pytest.raises(StoreUnusable, match="is damaged"), explained(path):
        connected(path)
    with pytest.raises(StoreUnusable, match="cannot be used: No such file"), explained(path):
        connected(tmp_path / "none" / "store.db")
    with pytest.raises(StoreUnusable, match="nothing was changed"), explained(path):
        raise sqlite3.OperationalError("no such table")
