from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle.cli import running
from tulle.cli.commands import traefik
from tulle.cli.launcher import Plan
from tulle.kit.home import Home

Tulle = Callable[..., Any]


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What would be started."""
    found: list[Plan] = []
    monkeypatch.setattr(traefik, "up", lambda plan, timeout: found.append(plan))
    return found


def test_flags_are_run(tulle: Tulle, home: Home, plans: list[Plan]) -> None:
    assert tulle("traefik", "--entryPoints.web.address", ":8080", "--ping", "--detach").code == 0
    [plan] = plans
    assert (plan.files, plan.folder, plan.is_detached) == ((home.root / "traefik.toml",), os.getcwd(), True)
    assert plan.files[0].read_text() == 'entryPoints.web.address = ":8080"\nping = {}\n'


def test_files_are_run_from_where_one_is(tulle: Tulle, home: Home, plans: list[Plan]) -> None:
    Path("conf").mkdir()
    Path("conf/traefik.yml").touch()
    assert tulle("traefik", "--configFile=conf/traefik.yml").code == 0
    assert (plans[0].files, plans[0].folder) == ((Path("conf/traefik.yml"),), os.getcwd())


def test_wrong_flags_start_nothing(tulle: Tulle, plans: list[Plan]) -> None:
    done = tulle("traefik", "--entryPoints.web.adress=:8080")
    assert (done.code, plans) == (2, [])
    assert 'did you mean "--entryPoints.web.address"?' in done.err


def test_what_runs_already_is_left_alone(tulle: Tulle, home: Home, plans: list[Plan]) -> None:
    home.create()
    (home.root / "traefik.toml").write_text("ping = {}\n")
    with running.occupied(home):
        assert tulle("traefik", "--api").code == 1
    assert (plans, (home.root / "traefik.toml").read_text()) == ([], "ping = {}\n")
