"""Keeps clients with endpoints by cookies, asleep at entry points until a route has some (`tulle.envoy.stays`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from envoy.extensions.filters.http.lua.v3 import lua_pb2

from tulle.envoy import protos, stays
from tulle.envoy.filters.base import Chain, Filter, Phase, Placed, dormant


def _place(chain: Chain) -> Placed:
    if chain.entrance is None:
        return None
    config = lua_pb2.Lua(clear_route_cache=protos.flag(False))
    config.default_source_code.inline_string = _script()
    return dormant(stays.NAME, config)


@cache
def _script() -> str:
    return files("tulle.envoy.filters").joinpath("stay.lua").read_text()


FILTER = Filter(name=stays.NAME, phase=Phase.STEER, place=_place)
