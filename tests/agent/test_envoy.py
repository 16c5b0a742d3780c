"""On the real Envoy, without a control plane: its configuration is static."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tulle.agent import envoy
from tulle.agent.binary import NoEnvoy
from tulle.agent.envoy import Envoy, EnvoyState, Launch
from tulle.kit.home import Home


@pytest.fixture
def short() -> Iterator[Path]:
    """A path that is short enough for a socket."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def supervised(home: Home, socket: Path, **bootstrap: object) -> Envoy:
    whole = {"admin": {"address": {"pipe": {"path": str(socket)}}}, **bootstrap}
    launch = Launch(id="web-1", bootstrap=whole, admin=socket, concurrency=1)
    return Envoy(launch, home.agent / "proxies/web-1", home, lambda: None)


def pid(found: Envoy) -> int:
    assert found.process is not None
    return found.process.pid


async def test_an_envoy_is_started_found_again_restarted_and_stopped(
    home: Home, short: Path, tasks: Any, eventually: Any
) -> None:
    first = supervised(home, short / "admin")
    assert not first.adopt()
    task = tasks(first.run())
    await asyncio.wait_for(first.serving(), 20)
    assert first.state is EnvoyState.SERVING
    await first.drain(5.0)

    # The agent dies; its successor finds the process, by its record and without it by its mark.
    task.cancel()
    old = pid(first)
    second = supervised(home, short / "admin")
    assert second.adopt()
    assert pid(second) == old
    (home.agent / "proxies/web-1/process").unlink()
    third = supervised(home, short / "admin")
    assert third.adopt()
    assert pid(third) == old
    task = tasks(third.run())
    await asyncio.wait_for(third.serving(), 20)

    os.kill(old, signal.SIGKILL)
    await eventually(lambda: third.restarts == 1)
    await eventually(lambda: third.trouble == "", 20.0)
    await asyncio.wait_for(third.serving(), 20)
    new = pid(third)
    assert new != old

    task.cancel()
    await third.stop()
    assert not psutil.pid_exists(new)
    assert not (home.agent / "proxies/web-1/process").exists()
    assert not (short / "admin").exists()
    assert third.state is EnvoyState.STOPPED


async def test_an_envoy_that_cannot_start_says_why_and_is_tried_again(
    home: Home, short: Path, tasks: Any, eventually: Any
) -> None:
    broken = supervised(home, short / "admin", nonsense=True)
    task = tasks(broken.run())
    await eventually(lambda: broken.restarts >= 2, 20.0)
    assert broken.trouble
    assert broken.state in {EnvoyState.BACKING_OFF, EnvoyState.STARTING}
    await eventually(lambda: "nonsense" in broken.message)
    assert "status 1" in broken.message
    task.cancel()
    await broken.stop()


async def test_without_a_program_there_is_a_message(
    home: Home, short: Path, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envoy, "envoy_binary", lambda: Path("/no/such/envoy"))
    missing = supervised(home, short / "admin")
    tasks(missing.run())
    await eventually(lambda: "was not found" in missing.message)
    await missing.drain(0.1)


async def test_without_the_wheel_there_is_a_message(
    home: Home, short: Path, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Path:
        raise NoEnvoy("Envoy is not installed")

    monkeypatch.setattr(envoy, "envoy_binary", none)
    missing = supervised(home, short / "admin")
    tasks(missing.run())
    await eventually(lambda: missing.message == "Envoy cannot be started: Envoy is not installed")


async def test_an_envoy_that_is_stuck_is_ended(
    home: Home, short: Path, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envoy, "HEALTH_INTERVAL", 0.02)
    stuck = supervised(home, short / "admin")
    task = tasks(stuck.run())
    await asyncio.wait_for(stuck.serving(), 20)
    monkeypatch.setattr(envoy, "PATIENCE", 0.5)
    monkeypatch.setattr("tulle.agent.admin.TIMEOUT", 0.1)
    old = pid(stuck)
    os.kill(old, signal.SIGSTOP)
    await eventually(lambda: stuck.restarts == 1, 20.0)
    monkeypatch.setattr(envoy, "PATIENCE", 30.0)
    await asyncio.wait_for(stuck.serving(), 20)
    task.cancel()
    await stuck.stop()
    assert not psutil.pid_exists(old)


def test_the_bootstrap_is_for_its_owner_only(home: Home, short: Path) -> None:
    found = supervised(home, short / "admin")
    path = home.agent / "proxies/web-1/bootstrap.json"
    found._write_bootstrap(path)
    assert path.stat().st_mode & 0o777 == 0o600
    written = path.stat().st_mtime_ns
    found._write_bootstrap(path)
    assert path.stat().st_mtime_ns == written
    assert json.loads(path.read_text())["admin"]
