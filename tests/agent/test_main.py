"""An agent without a plane. What it does with one is tested end to end."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tulle.agent import main
from tulle.agent.main import AlreadyRunning, run
from tulle.kit.home import Home

NOBODY = "127.0.0.1:1"


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as path:
        yield Home(Path(path))


async def test_an_agent_ends_with_its_lifeline(home: Home, eventually: Any) -> None:
    read, write = os.pipe()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(run(home, NOBODY, "here", "host", lifeline=read))
        await eventually((home.sockets / "relay.sock").exists)
        os.write(write, b"still there")
        os.close(write)
        await running
    os.close(read)


async def test_an_agent_ends_when_it_is_told_to(home: Home, eventually: Any) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(home, NOBODY, "here", "host"))
        await eventually((home.sockets / "relay.sock").exists)
        os.kill(os.getpid(), signal.SIGTERM)


async def test_a_home_has_one_agent(home: Home, eventually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "LOCK_PATIENCE", 0.3)
    read, write = os.pipe()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(home, NOBODY, "here", "host", lifeline=read))
        await eventually((home.sockets / "relay.sock").exists)
        with pytest.raises(AlreadyRunning, match="another agent runs in"):
            await run(home, NOBODY, "here", "host")
        os.close(write)
    os.close(read)


async def test_a_proxy_without_an_instance_is_ended(
    home: Home, eventually: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(main, "SWEEP", 0.05)
    directory = home.agent / "proxies/web-1"
    directory.mkdir(parents=True)
    (directory / "record.json").write_text(
        '{"id": "web-1", "role": "sidecar", "host": "here", "service": "web.default", "concurrency": 1,'
        ' "identity": {"trust_domain": "cluster.local", "namespace": "default", "account": "web"}, "instance": null}'
    )
    read, write = os.pipe()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run(home, NOBODY, "here", "host", lifeline=read))
        await eventually(lambda: "stands before nothing" in caplog.text and not directory.exists())
        os.close(write)
    os.close(read)


def test_the_plane_of_the_same_home_leaves_a_socket_and_a_token(home: Home) -> None:
    home.create()
    (home.plane / "join-token").write_text("token")
    invitation = main.of_the_same_home(home)
    assert invitation.address == f"unix:{home.sockets}/join.sock"
    assert invitation.token() == "token"
