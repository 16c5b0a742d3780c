"""Every end-to-end test gets a machine of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import Machine
from tulle.kit.home import Home


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A home of its own; after the test everything is down, and nothing may be left."""
    machine = Machine(tmp_path)
    try:
        yield machine
    finally:
        for load in machine.loads:
            load.stop()
        machine.tulle("down", check=False)
        left = machine.processes()
        for process in left:
            process.kill()
        # It may be outside of the home, for the sake of a short path.
        shutil.rmtree(Home(machine.home).sockets, ignore_errors=True)
    assert not left, f"left behind after down: {[' '.join(process.cmdline()) for process in left]}"
