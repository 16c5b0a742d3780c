from __future__ import annotations

import logging
import os

import pytest

from tulle.cli import parts
from tulle.cli.output import Failure


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    levels: list[object] = []
    monkeypatch.setattr(logging, "basicConfig", lambda **settings: levels.append(settings["level"]))
    return levels


def test_the_environment_chooses_the_level(monkeypatch: pytest.MonkeyPatch, configured: list[object]) -> None:
    monkeypatch.delenv("TULLE_LOG_LEVEL", raising=False)
    parts.log_to_stderr()
    monkeypatch.setenv("TULLE_LOG_LEVEL", "debug")
    parts.log_to_stderr()
    assert configured == ["INFO", "DEBUG"]


def test_an_unknown_level_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TULLE_LOG_LEVEL", "loud")
    with pytest.raises(Failure, match="LOUD") as raised:
        parts.log_to_stderr()
    assert raised.value.code == 2


def test_a_part_begins_when_it_is_released() -> None:
    lifeline, held = os.pipe()
    os.write(held, b"\n")
    assert parts.is_released(lifeline)
    os.close(held)
    assert not parts.is_released(lifeline)
    os.close(lifeline)


def test_a_part_that_nobody_started_begins_at_once() -> None:
    assert parts.is_released(None)


def test_groups_of_errors_are_taken_apart() -> None:
    one, two = OSError("1"), ValueError("2")
    assert list(parts.leaves(ExceptionGroup("", [one, ExceptionGroup("", [two])]))) == [one, two]
