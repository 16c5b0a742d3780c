"""The pairs of filters that do the steps of rules (ADR 18), asleep at entry points until a route has some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf.message import Message

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, Phase, Placed, dormant
from tulle.envoy.steps import bodies, operations, slots
from tulle.envoy.steps.parts import Part, Where, stamped
from tulle.envoy.steps.script import interpreter
from tulle.model.routes import Backend, RouteRule
from tulle.model.steps import RouteAgain, Step


def _place(chain: Chain) -> Placed:
    if chain.entrance is None:
        return None
    found = []
    for number in range(1, slots.SLOTS + 1):
        config = lua_pb2.Lua(clear_route_cache=protos.flag(False))
        config.default_source_code.inline_string = interpreter()
        found.append(dormant(slots.work_name(number), config))
        chained = slots.typed(f"{slots.CHAIN}.FilterChainConfig", {})
        found.append(dormant(slots.native_name(number), chained))
    return *found, dormant(bodies.BUFFER, bodies.buffer())


def wishes(rule: RouteRule, share: Backend | None = None) -> dict[str, Message]:
    """What a rule, or a share of its requests, wants of each filter, by name."""
    steps = (*rule.steps, *(share.steps if share is not None else ()))
    if not steps:
        return {}
    try:
        parts = list(_parts(rule, steps, share))
    except ValueError as error:
        # One rule that cannot be done is no reason to leave out the others of its host.
        parts = list(stamped((operations.refusal(str(error)),), 0))
    found = dict(slots.wanted(slots.laid_out(parts)))
    if any(isinstance(step, RouteAgain) for step in steps):
        # Which filters there are is decided by the first route, what they do by the one that holds when they run.
        found = {**slots.idle(), bodies.BUFFER: bodies.idle(), **found}
    if (kept_back := bodies.kept_back(steps)) is not None:
        found[bodies.BUFFER] = kept_back
    return found


def _parts(rule: RouteRule, steps: Sequence[Step], share: Backend | None) -> Iterator[Part]:
    name, last = rule.counted_as or rule.name, len(rule.steps)
    for number, step in enumerate(steps):
        # Counted from the end: before the steps of a router there may be those of an entry point.
        place = f"{name}/{last - number}"
        if share is not None and number >= last:
            place += f"@{share.service}"
        yield from stamped(operations.parts(step, Where(str(number), place, rule.is_split)), number)


FILTER = Filter(name="steps", phase=Phase.STEPS, place=_place, ask_several=wishes)
