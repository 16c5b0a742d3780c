from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A control plane without I/O and without a mesh."""
    return World(tmp_path)
