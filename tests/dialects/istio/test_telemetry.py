from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.telemetry import KIND
from tulle.model.extensions import AccessLogging, Direction


@pytest.mark.parametrize(
    ("mode", "direction"),
    [("CLIENT", Direction.CLIENT), ("SERVER", Direction.SERVER), ("CLIENT_AND_SERVER", Direction.ANY)],
)
def test_sides(mode: str, direction: Direction) -> None:
    (found,) = only(KIND, {"accessLogging": [{"match": {"mode": mode}}]}).access_logging
    assert found == AccessLogging(direction=direction)


@pytest.mark.parametrize("field", ["tracing", "metrics"])
def test_what_is_to_come_is_said(field: str) -> None:
    (message,) = messages(KIND, {field: [{}]})
    assert "has no effect yet" in message
