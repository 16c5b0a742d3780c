from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tulle.runtime.drivers.base import CannotStart, Program
from tulle.runtime.drivers.process import ProcessDriver, how_it_ended


def program(output: Path, *command: str) -> Program:
    name = f"web-{os.getpid()}"
    return Program(
        instance=name,
        command=command,
        directory="/tmp",
        environment={"PATH": os.environ["PATH"], "TULLE_INSTANCE": name},
        output=output,
    )


async def test_instance_is_started_found_and_stopped(tmp_path: Path) -> None:
    driver = ProcessDriver()
    given = program(tmp_path / "log", "sleep", "60")
    handle = await driver.start(given)
    try:
        assert driver.is_running(handle)
        assert driver.find(frozenset({given.instance, "other"})) == {given.instance: handle}
    finally:
        await driver.stop(handle, 5)
    assert not driver.is_running(handle)


async def test_end_is_put_into_words(tmp_path: Path) -> None:
    driver = ProcessDriver()
    handle = await driver.start(program(tmp_path / "log", "sh", "-c", "exit 3"))
    assert await driver.wait(handle) == "ended with exit status 3"


async def test_reason_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="was not found"):
        await ProcessDriver().start(program(tmp_path / "log", "no-such-program"))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "ended"),
        (0, "ended with exit status 0"),
        (-signal.SIGSEGV, "was ended by signal 11 (Segmentation fault)"),
        (-63, "was ended by signal 63 (Real-time signal 29)"),
    ],
)
def test_exit_statuses(status: int | None, words: str) -> None:
    assert how_it_ended(status) == words
