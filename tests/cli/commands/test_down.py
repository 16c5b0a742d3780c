from __future__ import annotations

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from tulle.cli import running
from tulle.cli.commands import down
from tulle.cli.output import Failure
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, is_alive, spawn, terminate

Tulle = Callable[..., Any]
STUBBORN = (
    "import os, signal, sys, time; signal.signal(15, signal.SIG_IGN); os.close(int(sys.argv[1])); time.sleep(600)"
)
"""Closes the file that it is given as soon as it ignores SIGTERM."""


@pytest.fixture
async def launcher(home: Home) -> AsyncIterator[Record]:
    home.create()
    process = spawn(("sleep", "600"))
    record = Record(launcher=process, run="none", is_detached=True, files=(), api="h:1", xds="h:2")
    running.write(home, record)
    yield record
    await terminate(process, 0)


def test_nothing_running_is_fine(tulle: Tulle, home: Home) -> None:
    assert tulle("down").out == "nothing is running\n"
    home.create()
    assert tulle("down").out == "nothing is running\n"


def test_a_running_mesh_is_stopped_once(tulle: Tulle, home: Home, launcher: Record) -> None:
    done = tulle("down")
    assert (done.code, done.out) == (0, "stopped\n")
    assert not launcher.is_alive
    assert tulle("down").out == "nothing is running\n"


def test_what_the_launcher_left_is_ended(tulle: Tulle, home: Home, launcher: Record) -> None:
    left = spawn(("sleep", "600"))
    running.write(home, launcher.with_child("agent", left))
    assert tulle("down").out == "stopped; 1 leftover processes were ended too\n"
    assert not is_alive(left)


async def test_a_launcher_that_does_not_end_is_killed(home: Home, launcher: Record) -> None:
    read, write = os.pipe()
    stubborn = spawn((sys.executable, "-c", STUBBORN, str(write)), inherit=(write,))
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)
    await down.stop(home, replace(launcher, launcher=stubborn), 0.05)
    assert not is_alive(stubborn)


async def test_processes_of_other_users_are_an_error(
    home: Home, launcher: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError("not yours")

    monkeypatch.setattr(down, "sweep", refuse)
    with pytest.raises(Failure, match="another user"):
        await down.stop(home, None, 1)


async def test_another_process_with_the_same_number_is_left_alone(home: Home) -> None:
    process = spawn(("sleep", "600"))
    stale = Spawned(process.pid, "earlier")
    home.create()
    record = Record(launcher=stale, run="none", is_detached=True, files=(), api="h:1", xds="h:2")
    assert await down.stop(home, record.with_child("agent", stale), 1) == 0
    assert is_alive(process)
    os.kill(process.pid, signal.SIGKILL)
