from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle.agent import main
from tulle.kit.home import Home

Tulle = Callable[..., Any]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Arguments of agents, none of which really runs."""
    seen: list[tuple[Any, ...]] = []

    async def run(*arguments: Any) -> None:
        seen.append(arguments)

    monkeypatch.setattr(main, "run", run)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(socket, "gethostname", lambda: "Box.example.org")
    monkeypatch.delenv("TULLE_JOIN_TOKEN", raising=False)
    return seen


def test_by_default_it_belongs_to_this_home(
    tulle: Tulle, home: Home, started: list[tuple[Any, ...]], lifeline: int
) -> None:
    assert tulle("agent", "--lifeline", str(lifeline)).code == 0
    assert started == [(home, "127.0.0.1:7710", "box", "host", None, lifeline, "127.0.0.1")]


def test_it_does_nothing_when_its_launcher_gives_up(tulle: Tulle, started: list[tuple[Any, ...]]) -> None:
    lifeline, held = os.pipe()
    os.close(held)
    done = tulle("agent", "--lifeline", str(lifeline))
    os.close(lifeline)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert started == []


def test_it_joins_with_a_token_from_a_file(tulle: Tulle, home: Home, started: list[tuple[Any, ...]]) -> None:
    Path("token").write_text("secret\n")
    arguments = ("--xds-address", "h:1", "--join", "h:2", "--token-file", "token", "--host", "b", "--role", "gateway")
    assert tulle("agent", *arguments).code == 0
    _, plane, host, role, invitation, *_ = started[0]
    assert (plane, host, role, invitation.address, invitation.token()) == ("h:1", "b", "gateway", "h:2", "secret")


def test_it_joins_with_a_token_from_the_environment(
    tulle: Tulle, started: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TULLE_JOIN_TOKEN", "secret")
    tulle("agent", "--join", "h:2")
    assert started[0][4].token() == "secret"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--join", "h:2"), "--join needs a token"),
        (("--join", "h:2", "--token-file", "none"), "cannot be read from none"),
        (("--token-file", "none"), "--token-file needs --join"),
        (("--join", "here"), "--join"),
        (("--xds-address", "here"), "--xds-address"),
        (("--address", "here"), '--address: "here" is no IP address'),
        (("--host", "my_box"), '"my_box" cannot be the name of a host'),
    ],
)
def test_what_does_not_fit_is_a_usage_error(
    tulle: Tulle, started: list[tuple[Any, ...]], arguments: tuple[str, ...], message: str
) -> None:
    done = tulle("agent", *arguments)
    assert done.code == 2
    assert message in done.err
    assert started == []


def test_a_home_has_one_agent(tulle: Tulle, started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(*arguments: Any) -> None:
        raise main.AlreadyRunning("another agent runs here")

    monkeypatch.setattr(main, "run", run)
    done = tulle("agent")
    assert (done.code, done.err) == (1, "error: another agent runs here\n")
