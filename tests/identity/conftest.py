"""An authority in a directory of the test, whose clock the test owns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tulle.identity.authority import Authority
from tulle.kit.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def opened(tmp_path: Path, clock: ManualClock) -> Callable[[], Authority]:
    """Opens the same directory each time: the first call makes it."""
    return lambda: Authority.open(tmp_path / "ca", trust_domain="mesh.test", clock=clock)


@pytest.fixture
def authority(opened: Callable[[], Authority]) -> Authority:
    return opened()
