from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tulle.cli import background, running, view
from tulle.cli.commands import up
from tulle.cli.launcher import Launcher, Plan
from tulle.cli.output import note
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import is_alive, myself, spawn

Tulle = Callable[..., Any]
Watch = Callable[[Launcher], Awaitable[None]]
FILE = "gateway:\n  listeners:\n    http: PORT\nservices:\n  web: {port: 8000, command: run}\nroutes:\n  - {to: web}\n"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def file(home: Home, free: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good file, and addresses that are free."""
    monkeypatch.setenv("TULLE_API_ADDRESS", f"127.0.0.1:{free}")
    monkeypatch.setenv("TULLE_XDS_ADDRESS", f"127.0.0.1:{free}")
    path = Path("tulle.yaml")
    path.write_text(FILE.replace("PORT", str(free)))
    return path


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Plans that would be run."""
    plans: list[Plan] = []

    def start(plan: Plan) -> int:
        plans.append(plan)
        return 4711

    async def run(launcher: Launcher, watch: Watch, progress: object, check: Callable[[], object]) -> None:
        check()
        launcher.released.set()
        plans.append(launcher.plan)
        await watch(launcher)

    async def follow(*_: object) -> None:
        pass

    monkeypatch.setattr(view, "follow", follow)
    monkeypatch.setattr(background, "start", start)
    monkeypatch.setattr(background, "wait", lambda *_: {"ready": True})
    monkeypatch.setattr(Launcher, "run", run)
    return plans


def test_the_file_of_this_folder_is_run(tulle: Tulle, file: Path, home: Home, started: list[Plan], free: int) -> None:
    assert tulle("up").code == 0
    address = f"127.0.0.1:{free}"
    assert started == [Plan(home=home, files=(file.absolute(),), api=address, xds=address, is_detached=False)]


def test_it_may_run_in_the_background(tulle: Tulle, file: Path, started: list[Plan]) -> None:
    assert tulle("up", "--detach", "--join-address", "127.0.0.1:7711").code == 0
    assert started[0].is_detached
    assert started[0].join == "127.0.0.1:7711"


@pytest.mark.parametrize("detach", [("--detach",), ()])
def test_what_is_good_is_started_and_what_is_wrong_is_shown(
    tulle: Tulle, file: Path, started: list[Plan], detach: tuple[str, ...]
) -> None:
    file.write_text(file.read_text() + "  - {to: wbe}\n")
    done = tulle("up", *detach)
    assert done.code == 0
    assert "tulle.yaml:8: error: " in done.err
    assert "1 error; the rest is started" in done.err
    assert len(started) == 1


def test_a_taken_port_is_an_error_before_anything_starts(
    tulle: Tulle, file: Path, started: list[Plan], taken: int
) -> None:
    file.write_text(FILE.replace("PORT", str(taken)))
    done = tulle("up")
    assert done.code == 1
    assert f"127.0.0.1:{taken}, for the gateway's listener http, is already in use by" in done.err
    assert "(tulle.yaml:3)" in done.err
    assert started == []


def test_an_error_before_the_start_leaves_nothing(tulle: Tulle, file: Path, home: Home, taken: int) -> None:
    file.write_text(FILE.replace("PORT", str(taken)))
    home.create()
    (home.logs / "web-1.log").write_text("of the last run")
    done = tulle("up")
    assert done.code == 1
    assert done.err.startswith(f"error: 127.0.0.1:{taken}, for the gateway's listener http, is already in use")
    assert (done.out, len(done.err.splitlines())) == ("", 2)
    assert running.read(home) is None
    assert "".join(log.read_text() for log in home.logs.glob("*.log")) == "of the last run"


def test_an_interrupt_during_the_check_starts_nothing(
    tulle: Tulle, file: Path, started: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(launcher: Launcher, *_: object) -> None:
        launcher.stop()

    monkeypatch.setattr(Launcher, "run", run)
    done = tulle("up")
    assert (done.code, done.out, done.err) == (130, "", "")


def test_findings_are_shown_before_the_view_takes_over(
    tulle: Tulle, file: Path, started: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(hint: str) -> view.View:
        note("the view")
        return view.LineView(hint)

    monkeypatch.setattr(view, "make", make)
    file.write_text(file.read_text() + "  - {to: wbe}\n")
    said = tulle("up").err.splitlines()
    assert said.index("1 error; the rest is started") < said.index("the view")
    assert said[-1] == "stopped"


@pytest.mark.parametrize("option", ["--api-address", "--xds-address", "--join-address"])
def test_the_own_addresses_must_be_free(tulle: Tulle, file: Path, started: list[Plan], taken: int, option: str) -> None:
    done = tulle("up", option, f"127.0.0.1:{taken}")
    assert done.code == 1
    assert option in done.err
    assert started == []


def test_a_home_has_one_mesh(tulle: Tulle, file: Path, home: Home, started: list[Plan]) -> None:
    home.create()
    record = Record(launcher=myself(), run="", is_detached=False, files=("/a.yaml",), api="h:1", xds="h:2")
    running.write(home, record)
    with running.occupied(home):
        done = tulle("up")
    assert done.code == 1
    assert "already running" in done.err and "/a.yaml" in done.err
    assert started == []


def test_a_home_that_cannot_be_used_is_an_error(tulle: Tulle, file: Path, home: Home, started: list[Plan]) -> None:
    home.root.write_text("a file")
    done = tulle("up")
    assert done.code == 1
    assert "cannot be used" in done.err and "TULLE_HOME" in done.err


def test_what_a_killed_mesh_left_is_ended_first(
    tulle: Tulle, file: Path, home: Home, started: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    left = spawn(["sleep", "60"], environment={running.MARK: "killed"})
    gone = replace(left, started="another boot")
    running.write(home, Record(launcher=gone, run="killed", is_detached=False, files=(), api="h:1", xds="h:2"))
    done = tulle("up")
    assert done.code == 0
    assert "left processes behind; ended now: 1" in done.err
    assert not is_alive(left)
    assert len(started) == 1


def test_a_full_disk_is_said_before_anything_starts(
    tulle: Tulle, file: Path, started: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(up, "write_atomically", full)
    done = tulle("up", "--detach")
    assert done.code == 1
    assert "is full: No space left on device" in done.err and "make room" in done.err
    assert started == []


def test_without_files_there_is_a_usage_error(tulle: Tulle, started: list[Plan]) -> None:
    done = tulle("up")
    assert done.code == 2
    assert "no tulle.yaml in this folder" in done.err


def test_what_cannot_be_kept_alive_is_an_error(
    tulle: Tulle, file: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(launcher: Launcher, *_: object) -> None:
        launcher.released.set()
        launcher.hopeless = "plane"

    monkeypatch.setattr(Launcher, "run", run)
    (home.logs).mkdir(parents=True)
    (home.logs / "plane.log").write_text("the disk is full\n")
    done = tulle("up")
    assert done.code == 1
    assert "could not be started" in done.err and "the disk is full" in done.err


def test_an_interrupt_while_it_starts_leaves_it_in_the_background(
    tulle: Tulle, file: Path, started: list[Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(background, "wait", wait)
    done = tulle("up", "-d")
    assert done.code == 130
    assert "`tulle down` stops it" in done.err
