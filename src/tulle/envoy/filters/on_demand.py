"""Asks for the virtual host of a request that no route is known for: what makes a sidecar lazy."""

from __future__ import annotations

from envoy.extensions.filters.http.on_demand.v3 import on_demand_pb2

from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, active

NAME = "on_demand"


def place(chain: Chain) -> HttpFilter | None:
    """In front of everything that sends requests of applications; a gateway is given all of its hosts."""
    return active(NAME, on_demand_pb2.OnDemand()) if chain.side.is_lazy else None


FILTER = Filter(name=NAME, phase=Phase.DISCOVER, place=place)
