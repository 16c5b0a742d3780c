from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from tulle.cli import launcher, running
from tulle.cli.launcher import Launcher, Plan
from tulle.cli.output import Failure
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, find_all, is_alive

FAITHFUL = "import os, sys\nwhile os.read(int(sys.argv[-1]), 1): print('released', flush=True)"
"""A child that lives as long as its lifeline."""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
BROKEN = "import sys; sys.exit('cannot go on')"


def plan(home: Home, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> Plan:
    """A plan whose children are scripts of ours."""
    commands = {name: (sys.executable, "-c", dedent(script)) for name, script in scripts.items()}
    monkeypatch.setattr(Plan, "commands", lambda self: commands)
    return Plan(home=home, files=(), api="127.0.0.1:1", xds="127.0.0.1:2", is_detached=False)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def child(home: Home, name: str) -> Spawned | None:
    record = running.read(home)
    return dict(record.children).get(name) if record else None


async def both(home: Home) -> tuple[Spawned, Spawned]:
    await until(lambda: child(home, "plane") and child(home, "agent"))
    plane, agent = child(home, "plane"), child(home, "agent")
    assert plane and agent
    return plane, agent


async def nothing(_: Launcher) -> None:
    pass


async def not_called(_: Launcher) -> None:
    raise AssertionError("nothing was started that could be watched")


def unix_socket(home: Home) -> Path:
    path = home.sockets / "join.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


async def test_children_run_until_the_launcher_is_stopped(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    said: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, said.append))
        plane, agent = await both(home)
        assert is_alive(plane) and is_alive(agent)
        started.stop()
    assert not is_alive(plane) and not is_alive(agent)
    assert said == ["stopping services and proxies", "stopping control plane"]
    assert running.read(home) is None
    assert not started.hopeless


async def test_a_signal_stops_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        await both(home)
        os.kill(os.getpid(), signal.SIGTERM)
    assert running.read(home) is None


async def test_a_child_that_dies_is_started_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        plane, agent = await both(home)
        os.kill(plane.pid, signal.SIGKILL)
        await until(lambda: child(home, "plane") not in {plane, None})
        assert child(home, "agent") == agent
        started.stop()


async def test_a_child_that_cannot_be_kept_alive_ends_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.01)
    started = Launcher(plan(home, monkeypatch, plane=BROKEN, agent=FAITHFUL))
    await started.run(nothing, print)
    assert started.hopeless == "plane"
    assert (home.logs / "plane.log").read_text().count("cannot go on") == launcher.HOPELESS


async def test_once_ready_a_child_is_started_without_end(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.01)
    started = Launcher(plan(home, monkeypatch, plane=BROKEN, agent=FAITHFUL))
    started.became_ready()
    log = home.logs / "plane.log"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        await until(lambda: log.exists() and log.read_text().count("cannot go on") > launcher.HOPELESS)
        started.stop()
    assert not started.hopeless


async def test_a_child_that_does_not_end_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "GRACE", {"plane": 0.1, "agent": 0.1})
    started = Launcher(plan(home, monkeypatch, plane=STUBBORN, agent=FAITHFUL))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        plane, _ = await both(home)
        started.stop()
    assert not is_alive(plane)


async def test_stopped_twice_nobody_is_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=STUBBORN))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        _, agent = await both(home)
        started.stop()
        started.stop()
    assert not is_alive(agent)


async def test_all_that_was_started_carries_a_mark(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    grandchild = """
        import os, subprocess, sys
        subprocess.Popen(["sleep", "600"], start_new_session=True)
        while os.read(int(sys.argv[-1]), 1):
            pass
    """
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=grandchild))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(nothing, print))
        await both(home)
        record = running.read(home)
        assert record
        await until(lambda: len(find_all(running.MARK, record.run)) == 3)
        started.stop()
    assert find_all(running.MARK, record.run) == []


async def test_a_home_has_one_launcher(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(nothing, print))
        await both(home)
        with pytest.raises(Failure, match="already running"):
            await Launcher(first.plan).run(nothing, print)
        first.stop()


async def test_a_program_that_is_missing_is_hopeless(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.01)
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL))
    monkeypatch.setattr(Plan, "commands", lambda self: {"plane": ("/no/such/program",)})
    await started.run(nothing, print)
    assert started.hopeless == "plane"


async def test_children_are_released_after_the_check(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    go_on, watched = threading.Event(), asyncio.Event()
    logs = [home.logs / "plane.log", home.logs / "agent.log"]

    def check() -> None:
        go_on.wait()
        assert [log.read_text() for log in logs] == ["", ""]

    async def watch(_: Launcher) -> None:
        watched.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(watch, print, check))
        plane, agent = await both(home)
        assert is_alive(plane) and is_alive(agent) and not watched.is_set()
        go_on.set()
        await until(lambda: [log.read_text() for log in logs] == ["released\n", "released\n"])
        assert watched.is_set()
        started.stop()


async def test_a_check_that_fails_ends_the_children_and_leaves_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home.create()
    (home.logs / "web.log").write_text("of the last run")
    left = unix_socket(home)
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=STUBBORN))
    children: list[Spawned] = []
    said: list[str] = []

    def check() -> None:
        children.extend(asyncio.run(both(home)))
        raise Failure("the port is taken")

    with pytest.raises(Failure, match="the port is taken"):
        await started.run(not_called, said.append, check)
    assert not any(map(is_alive, children)) and len(children) == 2
    assert running.read(home) is None
    assert (said, caplog.messages, started.hopeless) == ([], [], "")
    assert (home.logs / "web.log").is_file()
    assert left.exists(), "it may belong to an agent that was started alone"


async def test_a_bug_in_the_check_is_not_hidden(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Launcher(plan(home, monkeypatch, plane=FAITHFUL)).run(not_called, print, check)
    assert running.read(home) is None


async def test_it_may_be_stopped_during_the_check(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch, plane=FAITHFUL, agent=FAITHFUL))
    go_on = threading.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(started.run(not_called, print, go_on.wait))
        plane, agent = await both(home)
        os.kill(os.getpid(), signal.SIGINT)
    go_on.set()
    assert not is_alive(plane) and not is_alive(agent)
    assert (home.logs / "plane.log").read_text() == ""
    assert running.read(home) is None


async def test_a_program_that_is_missing_waits_for_the_check(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Launcher(plan(home, monkeypatch))
    monkeypatch.setattr(Plan, "commands", lambda self: {"plane": ("/no/such/program",)})

    def check() -> None:
        raise Failure("the port is taken")

    with pytest.raises(Failure, match="the port is taken"):
        await started.run(not_called, print, check)
    assert not started.hopeless


def test_the_log_of_a_child_does_not_grow_for_ever(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.create()
    (home.logs / "plane.log").write_text("old")
    monkeypatch.setattr(launcher, "LARGEST_LOG", 2)
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.0)
    started = Launcher(plan(home, monkeypatch, plane=BROKEN))
    asyncio.run(started.run(nothing, print))
    assert (home.logs / "plane.log.1").read_text() == "cannot go on\n"


def test_logs_of_the_last_run_are_set_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.0)
    home.create()
    for run in ("1", "2"):
        (home.logs / f"web-{run}.log").write_text(run)
        asyncio.run(Launcher(plan(home, monkeypatch, plane=BROKEN)).run(nothing, print))
    assert [file.name for file in home.logs.glob("**/web*")] == ["web-2.log"]
    assert (home.logs / "previous" / "web-2.log").is_file()


def test_the_plan_says_what_runs(home: Home) -> None:
    commands = Plan(home=home, files=(Path("/a.yaml"),), api="h:1", xds="h:2", join="h:3", is_detached=True).commands()
    assert commands["plane"][3:] == (
        *("serve", "--api-address", "h:1", "--xds-address", "h:2", "--join-address", "h:3", "/a.yaml"),
    )
    assert commands["agent"][3:] == ("agent", "--xds-address", "h:2", "--address", "127.0.0.1")
