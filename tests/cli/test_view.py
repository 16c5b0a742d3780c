from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tulle.cli import view
from tulle.cli.view import LineView, LiveView, follow, look, make
from tulle.kit.home import Home

Status = dict[str, Any]


class Recorder:
    """A view that remembers."""

    def __init__(self) -> None:
        self.shown: list[Status | None] = []
        self.seen = asyncio.Event()

    def show(self, status: Status | None) -> None:
        self.shown.append(status)
        self.seen.set()

    def progress(self, message: str) -> None:
        pass

    def close(self) -> None:
        pass


def test_lines_are_printed_once(home: Home, status: Status, capsys: pytest.CaptureFixture[str]) -> None:
    lines = LineView("Try it.")
    lines.show(None)
    lines.show(status)
    lines.show(status)
    assert capsys.readouterr().out.splitlines() == [
        "old: 3 of 3 ready",
        "shop.yaml:4: warning: is slow",
        "web: 1 of 2 ready",
    ]
    status["services"][0]["healthy"] = 2
    lines.show({**status, "ready": True})
    assert capsys.readouterr().out.splitlines() == ["web: 2 of 2 ready", "ready", "http://127.0.0.1:8080", "Try it."]
    lines.show(status)
    assert capsys.readouterr().out.splitlines() == ["no longer ready"]
    lines.progress("stopping")
    lines.close()
    assert capsys.readouterr().err == "stopping\n"


def test_the_live_view_draws_the_picture(home: Home, status: Status, capsys: pytest.CaptureFixture[str]) -> None:
    live = LiveView("Try it.")
    live.show(None)
    live.show({**status, "ready": True})
    live.show(status)
    live.close()
    shown = capsys.readouterr().out
    assert "not ready" in shown and "web        1/2" in shown


def test_the_live_view_shows_the_hint_when_ready(
    home: Home, status: Status, capsys: pytest.CaptureFixture[str]
) -> None:
    live = LiveView("Try it.")
    live.show({**status, "ready": True})
    live.close()
    assert "Try it." in capsys.readouterr().out


def test_the_live_view_shows_progress(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    live = LiveView()
    live.progress("stopping")
    live.close()
    assert "○ stopping" in capsys.readouterr().out


def test_a_pipe_gets_lines() -> None:
    assert isinstance(make(), LineView)


async def test_following_tells_when_everything_was_ready(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter([None, {"ready": False}, {"ready": True}])
    monkeypatch.setattr(view, "look", lambda home: next(states))
    monkeypatch.setattr(view, "EAGER", 0)
    told: list[str] = []
    await follow(home, None, lambda: told.append("ready"))
    assert told == ["ready"]


async def test_following_with_a_view_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "look", lambda home: {"ready": True})
    monkeypatch.setattr(view, "CALM", 0)
    told: list[str] = []
    recorder = Recorder()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow(home, recorder, lambda: told.append("ready")))
        for _ in range(3):
            recorder.seen.clear()
            await recorder.seen.wait()
        following.cancel()
    assert told == ["ready"]
    assert len(recorder.shown) >= 3


def test_looking_at_nothing_is_none(home: Home) -> None:
    assert look(home) is None


def test_looking_asks_the_control_plane(home: Home, plane: Any) -> None:
    plane.says({"ready": True})
    assert look(home) == {"ready": True}
