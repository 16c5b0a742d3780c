from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tulle.kit.ports import Ports
from tulle.model.names import Name
from tulle.model.services import Protocol
from tulle.model.workloads import Assignment, Forward
from tulle.runtime import records
from tulle.runtime.placement import Host, place
from tulle.runtime.records import Journal, Record


@pytest.fixture
def record(assignment: Callable[..., Assignment]) -> Iterator[Record]:
    database = Forward(service=Name("default", "db"), port=5432, protocol=Protocol.TCP)
    given = assignment(command=("serve", "${PORT}"), forwards=(database,), environment=(("A", "b"),))
    with closing(Ports()) as ports:
        yield Record(place(given, Host(name="here", sockets=Path("/run")), ports, ()), given, "1@2")


async def test_records_are_read_as_they_were_written(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "instances.json"
    async with asyncio.TaskGroup() as tasks:
        journal = Journal(path, lambda: (record,))
        task = tasks.create_task(journal.run())
        journal.changed()
        await journal.written()
        assert Journal(path, tuple).load() == (record,)
        task.cancel()


async def test_last_change_is_written_although_nobody_waits(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "instances.json"
    async with asyncio.TaskGroup() as tasks:
        journal = Journal(path, lambda: (record,))
        task = tasks.create_task(journal.run())
        await asyncio.sleep(0)
        journal.changed()
        task.cancel()
    assert Journal(path, tuple).load() == (record,)


async def test_write_that_comes_late_does_not_undo_a_newer_one(tmp_path: Path, record: Record) -> None:
    path = tmp_path / "instances.json"
    journal = Journal(path, tuple)
    assert journal._save(2, (record,)) and journal._save(1, ())
    assert Journal(path, tuple).load() == (record,)


async def test_failing_disk_delays_nobody_and_is_tried_again(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(records, "RETRY", 0.01)
    path = tmp_path / "disk" / "instances.json"
    async with asyncio.TaskGroup() as tasks:
        journal = Journal(path, lambda: (record,))
        task = tasks.create_task(journal.run())
        journal.changed()
        await journal.written()
        assert "instances.json cannot be written; trying again: No such file or directory" in caplog.text
        path.parent.mkdir()
        async with asyncio.timeout(10):
            while not path.exists():
                await asyncio.sleep(0.01)
        task.cancel()
    assert Journal(path, tuple).load() == (record,)


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"instance": {}}]'])
async def test_rubbish_is_logged_and_nothing(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "instances.json"
    path.write_text(content)
    assert Journal(path, tuple).load() == ()
    assert "cannot be read" in caplog.text


async def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert Journal(tmp_path / "instances.json", tuple).load() == ()
