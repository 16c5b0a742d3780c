"""Pairs of filters that sleep in the chain of a listener until a route has steps: an interpreter, and a chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf.message import Message
from xds.type.v3 import typed_struct_pb2

from tulle.envoy.steps.parts import Native, NativeFilter, Part, Work, joined
from tulle.envoy.steps.script import interpreter

SLOTS = 4
"""More alternations than this between the two natures are nowhere to be seen in practice."""
LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
CHAIN = "envoy.extensions.filters.http.filter_chain.v3"
NOTHING: NativeFilter = {
    "name": "nothing",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"},
}
"""Chains have at least one filter."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a route wants of one pair."""

    work: Work | None = None
    native: Native | None = None
    inner: tuple[tuple[int, Work], ...] = ()
    """Work of interpreters within the chain, which is there when there are not enough pairs, by their numbers."""


def laid_out(parts: Sequence[Part]) -> tuple[Slot, ...]:
    """Parts over pairs, in their order; those that need more pairs than there are share the chain of the last one.

    Raises:
        ValueError: the route may change within that chain.
    """
    found: list[Slot] = []
    for part in joined(parts):
        if isinstance(part, Work):
            found.append(Slot(work=part))
        elif found and found[-1].native is None:
            found[-1] = Slot(found[-1].work, part)
        else:
            found.append(Slot(native=part))
    if len(found) <= SLOTS:
        return tuple(found)
    return (*found[: SLOTS - 1], _together(found[SLOTS - 1 :]))


def _together(slots: Sequence[Slot]) -> Slot:
    """All in the chain of the first one: each interpreter in it costs 180 KB, which those in pairs do not."""
    if any(slot.work is not None and slot.work.is_last for slot in slots):
        raise ValueError("too much is to be done before the routers below it are asked")
    first, *others = slots
    assert first.native is not None, "a pair that is followed by another one is full"
    filters, said, inner = list(first.native.filters), list(first.native.said), []
    for number, slot in enumerate(others, SLOTS + 1):
        assert slot.work is not None, "neighbours of the same nature are one"
        filters.append({"name": work_name(number), "typed_config": {"@type": LUA, **_source()}})
        inner.append((number, slot.work))
        if slot.native is not None:
            filters += slot.native.filters
            said += slot.native.said
    return Slot(first.work, Native(tuple(filters), tuple(said)), tuple(inner))


def _source() -> Mapping[str, Any]:
    return {"default_source_code": {"inline_string": interpreter()}, "clear_route_cache": False}


def wanted(slots: Sequence[Slot]) -> Iterator[tuple[str, Message]]:
    """What a route says to each filter that it wakes, by the name of the filter."""
    for number, slot in enumerate(slots, 1):
        if slot.work is not None:
            yield work_name(number), _work(slot.work, number)
        if slot.native is not None:
            yield native_name(number), typed(f"{CHAIN}.FilterChainConfigPerRoute", _chain(slot.native.filters))
            yield from slot.native.said
        for inner, work in slot.inner:
            yield work_name(inner), _work(work, inner)


def idle() -> Mapping[str, Message]:
    """All filters of pairs, awake and with nothing to do."""
    found: dict[str, Message] = {}
    for number in range(1, SLOTS + 1):
        found[work_name(number)] = _work(Work(), number)
        found[native_name(number)] = typed(f"{CHAIN}.FilterChainConfigPerRoute", _chain((NOTHING,)))
    return found


def _work(work: Work, number: int) -> lua_pb2.LuaPerRoute:
    context: dict[str, Any] = {"request": list(work.request)} if work.request else {}
    if work.answer:
        # Which of them a request had reached is noted on its way: others leave the answer as it is.
        context |= {"answer": list(work.answer), "slot": number}
    # By this name interpreters know it again, so that they read it once and not with every request.
    text = json.dumps(context, sort_keys=True)
    context["plan"] = hashlib.sha256(text.encode()).hexdigest()[:24]
    message = lua_pb2.LuaPerRoute()
    message.filter_context.update(context)
    return message


def typed(type_url: str, value: Mapping[str, Any]) -> typed_struct_pb2.TypedStruct:
    """A message of a type that is newer than those that we have."""
    message = typed_struct_pb2.TypedStruct(type_url=f"type.googleapis.com/{type_url}")
    message.value.update(value)
    return message


def work_name(number: int) -> str:
    """The interpreter of a pair."""
    return f"steps-{number}"


def native_name(number: int) -> str:
    """The chain of a pair."""
    return f"steps-{number}-native"


def _chain(filters: Sequence[NativeFilter]) -> Mapping[str, Any]:
    return {"filter_chain": {"filters": list(filters)}}
