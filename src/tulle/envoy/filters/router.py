"""Sends requests on; the end of every chain."""

from __future__ import annotations

from envoy.extensions.filters.http.router.v3 import router_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active

NAME = "router"


def place(chain: Chain) -> HttpFilter | None:
    """Always, without headers of Envoy's own and without statistics per virtual host."""
    return active(NAME, router_pb2.Router(dynamic_stats=protos.flag(False), suppress_envoy_headers=True))


FILTER = Filter(name=NAME, phase=Phase.FORWARD, place=place)
