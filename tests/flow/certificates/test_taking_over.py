from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.flow.certificates.making import DIRECTORY, NOW, pair
from tests.flow.certificates.making import certificate as made
from tests.flow.certificates.test_importing import ACCOUNT, certificate, file
from tulle.clients.acme.keys import new_account_key
from tulle.flow.certificates.kept import CERTIFICATES, Account, account_name, identity
from tulle.flow.certificates.shelf import Shelf
from tulle.flow.certificates.taking_over import take_over
from tulle.model.resolvers import Resolver, Server
from tulle.store.base import Conflict
from tulle.store.sqlite_records import SqliteRecords

A = identity("le", ("a.example",))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    records = SqliteRecords(tmp_path / "store.db")
    yield Shelf(records)
    records.close()


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "acme.json"


def resolver(storage: Path) -> Resolver:
    return Resolver(name="le", server=Server(directory=DIRECTORY), storage=str(storage))


def test_everything_is_taken_over_once(shelf: Shelf, storage: Path) -> None:
    storage.write_text(file(ACCOUNT, certificate("a.example"), certificate("b.example")))
    for _ in range(2):
        assert take_over(resolver(storage), shelf) == ()
        assert sorted(each.certificate.domains for each in shelf.content().known.values()) == [
            ("a.example",),
            ("b.example",),
        ]
        assert set(shelf.content().versions.values()) == {1}
    assert shelf.account(account_name(resolver(storage)))[0] is not None


def test_what_is_newer_here_stays(shelf: Shelf, storage: Path) -> None:
    storage.write_text(file(ACCOUNT, certificate("a.example")))
    newer = made("a.example", begin=NOW + timedelta(days=1))
    account = Account(authority=DIRECTORY, key=new_account_key(), address="mine")
    shelf.put(CERTIFICATES + A, newer)
    shelf.put(account_name(resolver(storage)), account)
    take_over(resolver(storage), shelf)
    assert shelf.certificate(A) == (newer, 1)
    assert shelf.account(account_name(resolver(storage))) == (account, 1)


def test_what_is_older_here_or_none_is_replaced(shelf: Shelf, storage: Path) -> None:
    storage.write_text(file(ACCOUNT, certificate("a.example")))
    for old in (made("a.example", begin=NOW - timedelta(days=1)), replace(made("a.example"), chain="", key="")):
        shelf.put(CERTIFICATES + A, old)
        take_over(resolver(storage), shelf)
        found, _ = shelf.certificate(A)
        assert found is not None
        assert found.chain == pair("a.example")[0]


def test_no_file_is_no_problem_and_a_broken_one_is_said(shelf: Shelf, storage: Path) -> None:
    assert take_over(resolver(storage), shelf) == ()
    for content, reason in ((b"hello", "it is no JSON"), (b"\xff", "codec can't decode")):
        storage.write_bytes(content)
        (finding,) = take_over(resolver(storage), shelf)
        assert f"{storage} is not taken over: " in finding.message
        assert reason in finding.message
    (finding,) = take_over(replace(resolver(storage), storage=str(storage.parent)), shelf)
    assert "is not taken over: is a directory" in finding.message
    storage.write_text(file(ACCOUNT, certificate("a.example", certificate="*"), certificate("b.example")))
    (finding,) = take_over(resolver(storage), shelf)
    assert finding.message.endswith("it is left out")
    assert json.loads(storage.read_text())


def test_another_replica_may_be_faster(shelf: Shelf, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.write_text(file(ACCOUNT, certificate("a.example")))

    def late(name: str, value: object, expected: int) -> int:
        raise Conflict("late")

    monkeypatch.setattr(shelf, "write", late)
    assert take_over(resolver(storage), shelf) == ()
