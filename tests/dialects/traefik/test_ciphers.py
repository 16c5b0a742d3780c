from __future__ import annotations

from tulle.dialects.traefik.ciphers import CIPHERS
from tulle.envoy import edge_tls


def test_envoy_knows_all_of_them() -> None:
    assert set(CIPHERS.values()) <= edge_tls.CIPHERS
