"""Pairs of filters that sleep in the chain of a listener until a route has steps for them: an interpreter, and a chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tulle.envoy.steps.parts import Native, Part, Work, joined

SLOTS = 4
"""More alternations than this between the two natures are nowhere to be seen in practice."""
LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3"
CHAIN = "type.googleapis.com/envoy.extensions.filters.http.filter_chain.v3"


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


def wanted(slots: Sequence[Slot]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a route says to each filter that it wakes, by the name of the filter."""
    for number, slot in enumerate(slots, 1):
        if slot.work is not None:
            context = {"request": list(slot.work.request), "answer": list(slot.work.answer)}
            yield f"steps-{number}", {"@type": f"{LUA}.LuaPerRoute", "filter_context": context}
        if slot.native is not None:
            chain = {"filter_chain": {"filters": list(slot.native.filters)}}
            yield (
                f"steps-{number}-native",
                {
                    "@type": "type.googleapis.com/xds.type.v3.TypedStruct",
                    "type_url": f"{CHAIN}.FilterChainConfigPerRoute",
                    "value": chain,
                },
            )
