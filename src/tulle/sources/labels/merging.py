"""What many things say together, as Traefik joins them: servers of a service are collected, the rest must agree. Pure.

Everything stays with the first thing that says it, so that mistakes are shown where a person finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tulle.kit.located import LocatedList, LocatedMap
from tulle.sources.labels.decoding import child

Slot = tuple[str, str, str]
"""Section, kind, name: `http`, `routers`, `web`."""
_SINGULAR = {
    "routers": "router",
    "services": "service",
    "middlewares": "middleware",
    "serversTransports": "servers transport",
    "stores": "store",
    "options": "options",
}


@dataclass
class _Said:
    value: object
    by: str
    """The place that said it first."""
    others: list[str] = field(default_factory=list)
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """What is left of each place, and what was wrong, each with its place."""

    contents: Mapping[str, LocatedMap]
    errors: tuple[tuple[str, str], ...]


def merged(contents: Iterable[tuple[str, Mapping[str, object]]]) -> Merged:
    """Contents with their places, in their order; several may have the same place."""
    said: dict[Slot, _Said] = {}
    for place, content in contents:
        for slot, value in _entries(content):
            before = said.get(slot)
            if before is None:
                said[slot] = _Said(value, place)
                continue
            before.others.append(place)
            joined = _together(slot, before.value, value)
            if joined is None:
                before.differs = True
            else:
                before.value = joined
    results: dict[str, dict[str, dict[str, dict[str, object]]]] = {}
    errors: list[tuple[str, str]] = []
    for (section, kind, name), each in said.items():
        if not each.differs:
            results.setdefault(each.by, {}).setdefault(section, {}).setdefault(kind, {})[name] = each.value
            continue
        everyone = list(dict.fromkeys((each.by, *each.others)))
        what = _SINGULAR.get(kind, kind) if section == "http" else f"{section.upper()} {_SINGULAR.get(kind, kind)}"
        for place in everyone:
            others = ", ".join(other for other in everyone if other != place) or "it"
            errors.append((place, f"{what} {name} is left out: {others} says something else of it"))
    return Merged({place: _located(result) for place, result in results.items()}, tuple(errors))


def _entries(content: Mapping[str, object]) -> Iterable[tuple[Slot, object]]:
    for section, kinds in content.items():
        for kind, entries in kinds.items() if isinstance(kinds, Mapping) else ():
            for name, value in entries.items() if isinstance(entries, Mapping) else ():
                yield (section, kind, name), value


def _together(slot: Slot, one: object, other: object) -> object | None:
    """What both say; None if they contradict each other."""
    if folded(one) == folded(other):
        return one
    first, second = child(one, "loadBalancer"), child(other, "loadBalancer")
    if slot[1] != "services" or first is None or second is None:
        return None
    if folded(one, "servers") != folded(other, "servers"):
        return None
    servers = LocatedList(0)
    known: set[object] = set()
    for server in (*_servers(first), *_servers(second)):
        where = child(server, "url") or child(server, "address")
        if where not in known:
            known.add(where)
            servers.append(server)
    servers.lines = [0] * len(servers)
    return _put(one, "loadBalancer", _put(first, "servers", servers))


def _servers(balancer: object) -> list[object]:
    found = child(balancer, "servers")
    return found if isinstance(found, list) else []


def _put(values: object, name: str, value: object) -> LocatedMap:
    assert isinstance(values, Mapping)
    result = LocatedMap(0)
    for key, inner in values.items():
        result.put(key, value if key.lower() == name.lower() else inner, 0)
    return result


def folded(value: object, without: str = "") -> object:
    """A value in which case of keys means nothing, and flags are those that they mean."""
    if isinstance(value, Mapping):
        return {key.lower(): folded(inner, without) for key, inner in value.items() if key.lower() != without}
    if isinstance(value, list):
        return [folded(item, without) for item in value]
    return value.lower() if isinstance(value, str) and value.lower() in {"true", "false"} else value


def _located(values: object) -> LocatedMap:
    assert isinstance(values, Mapping)
    result = LocatedMap(0)
    for key, value in values.items():
        result.put(key, _located(value) if type(value) is dict else value, 0)
    return result
