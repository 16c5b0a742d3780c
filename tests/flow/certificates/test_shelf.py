from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.certificates.making import NOW, certificate
from tulle.flow.certificates.kept import ACCOUNTS, ANSWERS, CERTIFICATES, REPLICAS, Account, Replica, Shown
from tulle.flow.certificates.shelf import Shelf
from tulle.model.challenges import HttpAnswer
from tulle.store.base import Conflict
from tulle.store.sqlite_records import SqliteRecords


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecords]:
    opened = SqliteRecords(tmp_path / "store.db")
    yield opened
    opened.close()


def test_everything_is_what_it_was(records: SqliteRecords) -> None:
    shelf = Shelf(records)
    mine, account = certificate("a.example"), Account(authority="https://ca", key="k")
    shown, replica = Shown(http=HttpAnswer(token="t", text="x"), until=NOW), Replica(until=NOW, shows=("a",))
    shelf.write(CERTIFICATES + "le/a", mine, 0)
    shelf.write(ACCOUNTS + "le", account, 0)
    shelf.put(ANSWERS + "http-01/t", shown)
    shelf.put(REPLICAS + "me", replica)
    content = shelf.content()
    assert content.known["le/a"].certificate == mine
    assert content.known["le/a"].facts is not None
    assert content.shown == {ANSWERS + "http-01/t": shown}
    assert content.replicas == {"me": replica}
    assert set(content.versions.values()) == {1}
    assert shelf.certificate("le/a") == (mine, 1)
    assert shelf.account(ACCOUNTS + "le") == (account, 1)
    assert shelf.account(ACCOUNTS + "other") == (None, 0)
    assert shelf.content().known["le/a"] is content.known["le/a"], "what has not changed is not read again"


def test_what_cannot_be_read_is_there_to_be_written_over(
    records: SqliteRecords, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(records)
    for name in (CERTIFICATES + "le/a", ACCOUNTS + "le", "something/else"):
        records.write(name, "hello", 0)
    assert shelf.content().known == {}
    assert shelf.certificate("le/a") == (None, 1)
    assert "the store has something else as certificate/le/a" in caplog.text
    assert shelf.write(CERTIFICATES + "le/a", certificate("a.example"), 1) == 2
    assert shelf.content().known.keys() == {"le/a"}


def test_a_certificate_that_is_none_is_as_good_as_none(
    records: SqliteRecords, caplog: pytest.LogCaptureFixture
) -> None:
    from dataclasses import replace

    shelf = Shelf(records)
    shelf.put(CERTIFICATES + "le/a", replace(certificate("a.example"), key="hello"))
    assert shelf.content().known["le/a"].facts is None
    assert "cannot be used: a.example: it is no unencrypted private key" in caplog.text


def test_what_is_nobody_elses_is_written_whoever_was_faster(
    records: SqliteRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, write = Shelf(records), records.write
    conflicts = [Conflict("once"), Conflict("twice")]

    def slow(name: str, content: str, expected: int) -> object:
        if conflicts:
            raise conflicts.pop()
        return write(name, content, expected)

    monkeypatch.setattr(records, "write", slow)
    shelf.put(REPLICAS + "me", Replica(until=NOW))
    assert shelf.content().replicas.keys() == {"me"}
    for _ in range(2):
        shelf.remove(REPLICAS + "me")
    assert shelf.content().replicas == {}
    assert shelf.mark() == records.mark()
