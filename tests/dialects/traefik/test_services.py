from __future__ import annotations

from tests.dialects.traefik.described import undescribed
from tulle.dialects.traefik import services


def test_everything_is_described() -> None:
    assert undescribed(services) == []
