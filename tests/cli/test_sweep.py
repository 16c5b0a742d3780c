from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator

import pytest

from tulle.cli import running
from tulle.cli.running import Record
from tulle.cli.sweep import leftovers, sweep
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, is_alive, myself, spawn, terminate

SLEEP = ("sleep", "600")


@pytest.fixture
async def sleeper(home: Home) -> AsyncIterator[Spawned]:
    home.create()
    process = spawn(SLEEP)
    yield process
    await terminate(process, 0)


def record(run: str = "none", *children: tuple[str, Spawned]) -> Record:
    return Record(
        launcher=Spawned(1, "x"), run=run, is_detached=True, files=(), api="", xds="", children=tuple(children)
    )


async def test_nothing_is_left_of_nothing(home: Home) -> None:
    home.create()
    assert await sweep(home, None) == 0
    assert await sweep(home, record()) == 0


async def test_children_on_record_are_ended(home: Home, sleeper: Spawned) -> None:
    running.write(home, record("none", ("agent", sleeper)))
    assert await sweep(home, running.read(home)) == 1
    assert not is_alive(sleeper)
    assert running.read(home) is None


async def test_envoys_on_record_are_ended(home: Home, sleeper: Spawned) -> None:
    file = home.agent / "proxies" / "web-1" / "process"
    file.parent.mkdir(parents=True)
    file.write_text(str(sleeper))
    assert await sweep(home, None) == 1
    assert not is_alive(sleeper)


async def test_instances_on_record_are_ended_and_forgotten(home: Home, sleeper: Spawned) -> None:
    file = home.agent / "instances.json"
    file.write_text(json.dumps([{"handle": str(sleeper)}, {"handle": None}]))
    assert await sweep(home, None) == 1
    assert not is_alive(sleeper)
    assert not file.exists()


async def test_what_carries_the_mark_is_ended(home: Home) -> None:
    home.create()
    marked = [spawn(SLEEP, environment={**os.environ, running.MARK: f"test-{os.getpid()}"}) for _ in range(2)]
    assert await sweep(home, record(f"test-{os.getpid()}")) == 2
    assert not any(is_alive(process) for process in marked)


async def test_damaged_records_are_passed_over(home: Home, sleeper: Spawned) -> None:
    for name, text in (("instances.json", "[1, 2"), ("process", "rubbish")):
        (home.agent / name).write_text(text)
    assert await sweep(home, None) == 0
    assert is_alive(sleeper)


async def test_we_do_not_end_ourselves(home: Home) -> None:
    home.create()
    (home.agent / "process").write_text(str(myself()))
    assert leftovers(home, None) == []


async def test_sockets_are_removed_and_other_files_are_not(home: Home) -> None:
    home.create()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(home.sockets / "a.sock"))
    (home.sockets / "notes").touch()
    await sweep(home, None)
    assert os.listdir(home.sockets) == ["notes"]
