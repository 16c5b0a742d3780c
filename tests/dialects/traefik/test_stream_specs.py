from __future__ import annotations

from tests.dialects.traefik.described import undescribed
from tulle.dialects.traefik import stream_specs


def test_everything_is_described() -> None:
    assert undescribed(stream_specs) == []
