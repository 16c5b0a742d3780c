"""Finds the filters: every module of this package with a `FILTER` is one; with `FILTERS` it is several."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module

from envoy.config.route.v3 import route_components_pb2
from google.protobuf import any_pb2
from google.protobuf.message import Message

from tulle.envoy import filters, protos, slots
from tulle.envoy.filters.base import Chain, Filter, HttpFilter
from tulle.model.documents import Origin
from tulle.model.routes import RouteRule
from tulle.xds.snapshot import Resource

OFF = protos.packed(route_components_pb2.FilterConfig(disabled=True))


@cache
def all_filters() -> tuple[Filter, ...]:
    """Every filter, in the order in which they stand in a chain."""
    modules = (import_module(f"{filters.__name__}.{each.name}") for each in pkgutil.iter_modules(filters.__path__))
    found: list[Filter] = []
    for module in modules:
        found.extend([module.FILTER] if hasattr(module, "FILTER") else getattr(module, "FILTERS", ()))
    return tuple(sorted(found, key=lambda each: (each.phase, each.name)))


def chain(place: Chain) -> list[HttpFilter]:
    """The filters of one chain.

    Which dormant filters a request needs is decided when its filters are created. Where its route is fetched only
    then, nobody knows; so all of them are created, and those that know the route turn them off (`asleep`).
    """
    found = _placed(place)
    if place.side.is_lazy:
        for each in found:
            each.disabled = False
    return found


def asleep(place: Chain) -> dict[str, any_pb2.Any]:
    """What the routes of a lazy chain say for all of them: the dormant filters are off."""
    return {each.name: OFF for each in _placed(place) if each.disabled}


def _placed(place: Chain) -> list[HttpFilter]:
    found: list[HttpFilter] = []
    for each in all_filters():
        if each.slots is not None and place.owner:
            found.extend(slots.standing(slot, place.owner) for slot in each.slots(place) if slot.is_standing)
            continue
        placed = each.place(place)
        if placed is not None:
            found.extend(placed if isinstance(placed, tuple) else (placed,))
    return found


def delivered(place: Chain, origins: Iterable[Origin]) -> tuple[Resource, ...]:
    """What is in the slots of one chain."""
    origins = tuple(origins)
    found = (slot for each in all_filters() if each.slots is not None for slot in each.slots(place))
    return tuple(slots.content(slot, place.owner, origins) for slot in found)


def asked(rule: RouteRule) -> dict[str, any_pb2.Any]:
    """What one route rule wants of the filters, by the name of the filter."""
    wishes = [(name, ask(rule)) for name, ask in _asking()]
    found = {name: protos.packed(config) for name, config in wishes if config is not None}
    for ask in _asking_several():
        found.update((name, protos.packed(config)) for name, config in ask(rule).items())
    return found


@cache
def _asking_several() -> tuple[Callable[[RouteRule], Mapping[str, Message]], ...]:
    return tuple(each.ask_several for each in all_filters() if each.ask_several is not None)


@cache
def _asking() -> tuple[tuple[str, Callable[[RouteRule], Message | None]], ...]:
    """The few filters of which a rule can want something."""
    return tuple((each.name, each.ask) for each in all_filters() if each.ask is not None)
