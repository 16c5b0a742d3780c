from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tulle.cli import running
from tulle.cli import sweep as sweeping
from tulle.cli.running import Record
from tulle.cli.sweep import leftovers, sweep, sweep_after_launcher
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, find_all, is_alive, myself, spawn, terminate

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
    async with asyncio.timeout(20):
        # A program runs a moment before the kernel shows its environment.
        while {*find_all(running.MARK, f"test-{os.getpid()}")} < {*marked}:
            await asyncio.sleep(0.01)
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


async def test_after_its_launcher_a_run_is_ended(home: Home, sleeper: Spawned) -> None:
    running.write(home, record("this", ("plane", sleeper)))
    assert await sweep_after_launcher(home, "this") == 1
    assert not is_alive(sleeper)
    assert running.read(home) is None


async def test_after_its_launcher_the_agent_ends_by_itself(home: Home, sleeper: Spawned) -> None:
    agent = spawn(("sleep", "0.2"))
    running.write(home, record("this", ("agent", agent), ("plane", sleeper)))
    assert await sweep_after_launcher(home, "this") == 1, "the agent needed no help"
    assert not is_alive(sleeper)


async def test_an_agent_that_does_not_end_is_ended(
    home: Home, sleeper: Spawned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PATIENCE", 0.05)
    running.write(home, record("this", ("agent", sleeper)))
    assert await sweep_after_launcher(home, "this") == 1
    assert not is_alive(sleeper)


async def test_another_run_is_left_alone(home: Home, sleeper: Spawned) -> None:
    assert await sweep_after_launcher(home, "this") == 0
    running.write(home, record("other", ("plane", sleeper)))
    assert await sweep_after_launcher(home, "this") == 0
    assert is_alive(sleeper)


async def test_a_run_whose_launcher_lives_is_left_alone(home: Home, sleeper: Spawned) -> None:
    running.write(home, replace(record("this", ("plane", sleeper)), launcher=myself()))
    assert await sweep_after_launcher(home, "this") == 0
    assert is_alive(sleeper)


async def test_a_home_in_use_again_is_left_alone(home: Home, sleeper: Spawned) -> None:
    running.write(home, record("this", ("plane", sleeper)))
    with running.occupied(home):
        assert await sweep_after_launcher(home, "this") == 0
    assert is_alive(sleeper)
