"""Finds the addresses of hosts outside the mesh as they are asked for."""

from __future__ import annotations

from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import dynamic_forward_proxy_pb2
from google.protobuf import any_pb2

from tulle.envoy import clusters, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Side, dormant

NAME = "outside"


def place(chain: Chain) -> HttpFilter | None:
    """Dormant in the chains of sidecars that may call outside; their virtual hosts of outside hosts ask for it."""
    if not chain.settings.allow_outside or chain.side not in {Side.OUTBOUND, Side.CONNECT}:
        return None
    return dormant(NAME, dynamic_forward_proxy_pb2.FilterConfig(dns_cache_config=clusters.dns_cache()))


def wish() -> dict[str, any_pb2.Any]:
    """What the virtual host of an outside host asks for."""
    return {NAME: protos.packed(dynamic_forward_proxy_pb2.PerRouteConfig())}


FILTER = Filter(name=NAME, phase=Phase.RESOLVE, place=place)
