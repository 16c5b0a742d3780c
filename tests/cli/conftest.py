"""What tests of commands share: a home of their own, and the program as a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tulle.cli.main import run
from tulle.kit.home import Home


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, and a working folder beside it."""
    for name in ("TULLE_API_ADDRESS", "TULLE_XDS_ADDRESS", "TULLE_TOKEN", "TULLE_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TULLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Home.from_environment()


@pytest.fixture
def tulle(home: Home, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command in this process."""

    def call(*arguments: str) -> Done:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return call
