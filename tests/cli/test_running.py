from __future__ import annotations

from pathlib import Path

import pytest

from tulle.cli import running
from tulle.cli.output import Failure
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, myself


@pytest.fixture
def record(home: Home) -> Record:
    home.create()
    return Record(launcher=myself(), run="1", is_detached=True, files=("/a.yaml",), api="h:1", xds="h:2")


def test_what_is_written_is_read(home: Home, record: Record) -> None:
    record = record.with_child("plane", Spawned(1, "x")).with_child("agent", Spawned(2, "y"))
    running.write(home, record)
    assert running.read(home) == record
    assert running.path(home).stat().st_mode & 0o777 == 0o600


def test_a_child_is_on_record_once(record: Record) -> None:
    again = record.with_child("plane", Spawned(1, "x")).with_child("plane", Spawned(2, "y"))
    assert again.children == (("plane", Spawned(2, "y")),)


def test_whether_it_runs_is_asked_of_the_kernel(record: Record) -> None:
    assert record.is_alive
    assert not Record(launcher=Spawned(1, "x"), run="", is_detached=False, files=(), api="", xds="").is_alive


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"children": 1}', '{"children": [["a", {"pid": 1}]]}', "null"])
def test_a_damaged_record_is_none(home: Home, record: Record, text: str) -> None:
    running.path(home).write_text(text)
    assert running.read(home) is None


def test_a_record_that_may_not_be_read_is_an_error(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(Failure, match="cannot be used: Permission denied"):
        running.read(home)


def test_without_a_record_there_is_none(home: Home) -> None:
    assert running.read(home) is None


def test_a_home_is_held_by_one(home: Home, record: Record) -> None:
    running.write(home, record)
    with running.occupied(home), pytest.raises(Failure, match="already running") as raised, running.occupied(home):
        pass
    assert "/a.yaml" in raised.value.details[0]


def test_a_home_whose_holder_is_not_on_record_is_just_starting(home: Home, record: Record) -> None:
    with running.occupied(home), pytest.raises(Failure, match="just starting or stopping"), running.occupied(home):
        pass


def test_a_home_can_be_held_again(home: Home, record: Record) -> None:
    for _ in range(2):
        with running.occupied(home):
            pass
