from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tulle.cli import background, launcher
from tulle.cli.launcher import Plan
from tulle.cli.output import Failure
from tulle.cli.view import LineView
from tulle.kit.home import Home

Status = dict[str, Any]


@pytest.fixture
def plan(home: Home, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A control plane that says why it cannot start."""
    commands = {"plane": (sys.executable, "-c", "import sys; sys.exit('the disk is full')")}
    monkeypatch.setattr(Plan, "commands", lambda self: commands)
    monkeypatch.setattr(launcher, "FIRST_BACKOFF", 0.01)
    return Plan(home=home, files=(Path("/a.yaml"),), api="127.0.0.1:1", xds="127.0.0.1:2", is_detached=True)


def test_what_cannot_start_is_reported_with_its_last_words(plan: Plan) -> None:
    process = background.start(plan)
    with pytest.raises(Failure, match="could not be started") as raised:
        background.wait(plan.home, process, 20, LineView())
    assert raised.value.details[0] == f"{plan.home.logs / 'plane.log'}:"
    assert raised.value.details[-1] == "  the disk is full"


def test_it_is_waited_until_everything_is_ready(home: Home, plane: Any, status: Status) -> None:
    plane.says({**status, "ready": True})
    assert background.wait(home, os.getpid(), 5, LineView())["ready"]


@pytest.fixture
def living(monkeypatch: pytest.MonkeyPatch) -> int:
    """A launcher that goes on."""
    monkeypatch.setattr(os, "waitpid", lambda pid, flags: (0, 0))
    return 1


def test_it_is_not_waited_for_ever(home: Home, plane: Any, status: Status, living: int) -> None:
    plane.says(status)
    with pytest.raises(Failure, match=r"not everything was ready within 0\.2 s; what is good is running") as raised:
        background.wait(home, living, 0.2, LineView())
    assert any("does not listen yet" in line for line in raised.value.details)


def test_a_control_plane_that_says_nothing_is_an_error(home: Home, living: int) -> None:
    with pytest.raises(Failure, match="did not answer within"):
        background.wait(home, living, 0.1, LineView())


def test_a_service_that_ends_again_and_again_is_not_waited_for(
    home: Home, plane: Any, status: Status, living: int
) -> None:
    status["instances"][1] |= {"state": "backing_off", "restarts": 3, "message": "ended with status 1"}
    plane.says(status)
    with pytest.raises(Failure, match="web cannot become ready"):
        background.wait(home, living, 20, LineView())


def test_a_restart_or_two_are_not_hopeless(status: Status) -> None:
    status["instances"][1] |= {"state": "backing_off", "restarts": 2}
    assert background.hopeless(status) == []
    assert background.hopeless({}) == []


def test_a_log_that_is_not_there_has_no_last_words(home: Home) -> None:
    assert background.tail(home, "plane") == []
