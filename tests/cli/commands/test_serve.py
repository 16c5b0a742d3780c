from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle import plane
from tulle.cli import running
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, is_alive, spawn

Tulle = Callable[..., Any]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[plane.PlaneSettings]:
    """Settings of control planes, none of which really runs."""
    seen: list[plane.PlaneSettings] = []

    async def run(settings: plane.PlaneSettings) -> None:
        seen.append(settings)

    monkeypatch.setattr(plane, "run", run)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    return seen


def test_a_control_plane_is_run(tulle: Tulle, home: Home, started: list[plane.PlaneSettings], lifeline: int) -> None:
    addresses = ("--api-address", ":1", "--xds-address", "h:2", "--join-address", "h:3")
    assert tulle("serve", "mesh.yaml", *addresses, "--lifeline", str(lifeline)).code == 0
    assert started == [
        plane.PlaneSettings(
            home=home,
            files=(Path("mesh.yaml").absolute(),),
            api_address=":1",
            xds_address="h:2",
            join_address="h:3",
            lifeline=lifeline,
        )
    ]


def test_it_does_nothing_when_its_launcher_gives_up(
    tulle: Tulle, home: Home, started: list[plane.PlaneSettings]
) -> None:
    lifeline, held = os.pipe()
    os.close(held)
    done = tulle("serve", "--lifeline", str(lifeline))
    os.close(lifeline)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert started == []
    assert not home.root.exists()


def test_files_are_optional(tulle: Tulle, started: list[plane.PlaneSettings]) -> None:
    assert tulle("serve").code == 0
    assert (started[0].files, started[0].api_address) == ((), "127.0.0.1:7700")


@pytest.mark.parametrize("option", ["--api-address", "--xds-address", "--join-address"])
def test_a_wrong_address_is_a_usage_error(tulle: Tulle, started: list[plane.PlaneSettings], option: str) -> None:
    assert tulle("serve", option, "here").code == 2
    assert started == []


def test_what_cannot_be_served_is_a_sentence(
    tulle: Tulle, started: list[plane.PlaneSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(settings: plane.PlaneSettings) -> None:
        raise ExceptionGroup("", [OSError("the disk is full")])

    monkeypatch.setattr(plane, "run", run)
    done = tulle("serve")
    assert (done.code, done.err) == (1, "error: the disk is full\n")


def test_it_ends_what_a_killed_launcher_left(
    tulle: Tulle, home: Home, started: list[plane.PlaneSettings], lifeline: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.create()
    left, gone = spawn(("sleep", "600")), Spawned(1, "x")
    record = Record(launcher=gone, run="this", is_detached=False, files=(), api="", xds="", children=(("plane", left),))
    running.write(home, record)
    monkeypatch.setenv(running.MARK, "this")
    assert tulle("serve", "--lifeline", str(lifeline)).code == 0
    assert not is_alive(left)
