"""The pairs of filters that do the steps of rules (ADR 18), asleep at entry points until a route has some."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf.message import Message

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, Phase, Placed, dormant
from tulle.envoy.steps import operations, slots
from tulle.model.routes import RouteRule


def _place(chain: Chain) -> Placed:
    if chain.entrance is None:
        return None
    found = []
    for number in range(1, slots.SLOTS + 1):
        config = lua_pb2.Lua(clear_route_cache=protos.flag(False))
        config.default_source_code.inline_string = _interpreter()
        found.append(dormant(slots.work_name(number), config))
        chained = slots.typed(f"{slots.CHAIN}.FilterChainConfig", {})
        found.append(dormant(slots.native_name(number), chained))
    return tuple(found)


@cache
def _interpreter() -> str:
    return files("tulle.envoy.steps").joinpath("interpreter.lua").read_text()


def wishes(rule: RouteRule) -> dict[str, Message]:
    """What a rule wants of each filter, by name."""
    if not rule.steps:
        return {}
    parts = [part for number, step in enumerate(rule.steps) for part in operations.parts(step, str(number))]
    return dict(slots.wanted(slots.laid_out(parts)))


FILTER = Filter(name="steps", phase=Phase.STEPS, place=_place, ask_several=wishes)
