"""Pairs of filters that sleep in the chain of a listener until a route has steps: an interpreter, and a chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from envoy.extensions.filters.http.lua.v3 import lua_pb2
from google.protobuf.message import Message
from xds.type.v3 import typed_struct_pb2

from tulle.envoy.steps.parts import Native, NativeFilter, Part, Work, joined

SLOTS = 4
"""More alternations than this between the two natures are nowhere to be seen in practice."""
CHAIN = "envoy.extensions.filters.http.filter_chain.v3"


@dataclass(frozen=True, slots=True)
class Slot:
    """What a route wants of one pair."""

    work: Work | None = None
    native: Native | None = None


def laid_out(parts: Sequence[Part]) -> tuple[Slot, ...]:
    """Parts over pairs, in their order.

    Raises:
        ValueError: there are more alternations than pairs.
    """
    found: list[Slot] = []
    for part in joined(parts):
        if isinstance(part, Work):
            found.append(Slot(work=part))
        elif found and found[-1].native is None:
            found[-1] = Slot(found[-1].work, part)
        else:
            found.append(Slot(native=part))
    if len(found) > SLOTS:
        raise ValueError(
            f"the steps alternate {len(found)} times between filters that Envoy has and others; at most {SLOTS}"
        )
    return tuple(found)


def wanted(slots: Sequence[Slot]) -> Iterator[tuple[str, Message]]:
    """What a route says to each filter that it wakes, by the name of the filter."""
    for number, slot in enumerate(slots, 1):
        if slot.work is not None:
            context = {"request": list(slot.work.request), "answer": list(slot.work.answer)}
            message = lua_pb2.LuaPerRoute()
            message.filter_context.update(context)
            yield work_name(number), message
        if slot.native is not None:
            yield native_name(number), typed(f"{CHAIN}.FilterChainConfigPerRoute", _chain(slot.native.filters))


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
