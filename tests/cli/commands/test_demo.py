from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle.cli.commands import demo
from tulle.cli.launcher import Plan
from tulle.kit.home import Home

Tulle = Callable[..., Any]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Plan, float, str]]:
    """What would be started."""
    seen: list[tuple[Plan, float, str]] = []
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setattr(demo, "up", lambda *arguments: seen.append(arguments))
    return seen


def test_the_bookshop_is_run_by_our_python(tulle: Tulle, home: Home, started: list[tuple[Plan, float, str]]) -> None:
    done = tulle("demo", "--detach", "--timeout", "5")
    [(plan, timeout, hint)] = started
    assert done.code == 0
    assert (plan.home, plan.is_detached, timeout) == (home, True, 5)
    assert plan.files[0].parts[-2:] == ("bookshop", "tulle.yaml") and plan.files[0].is_file()
    assert str(plan.files[0]) in done.out
    assert "curl" in hint
    assert os.environ["PATH"] == f"{Path(sys.executable).parent}:/bin"


def test_what_the_bookshop_needs_is_named(
    tulle: Tulle, started: list[tuple[Plan, float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "NEEDED", ("no_such_module",))
    done = tulle("demo")
    assert done.code == 1
    assert "no_such_module" in done.err and "tulle[demo]" in done.err
    assert started == []
