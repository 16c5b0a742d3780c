"""Routers without a host among very many that have one: each stands in the list of every host. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from tulle.model.conditions import Subject
from tulle.model.findings import Finding
from tulle.model.hostnames import ANY
from tulle.model.routes import RouteSet

MOST = 50_000
"""Places of such routers that a gateway may well hold: each takes it some kilobytes."""


def findings(routes: Iterable[RouteSet]) -> Iterator[Finding]:
    """A warning for each listener where they are too many."""
    by_listener: dict[str, list[RouteSet]] = {}
    for route_set in routes:
        if route_set.priority is not None:
            for listener in route_set.listeners:
                by_listener.setdefault(listener, []).append(route_set)
    for sets in by_listener.values():
        wide = [each for each in sets if ANY in each.hosts]
        if len(wide) * len(sets) > MOST:
            yield from _told(wide, _hosts(sets))


def _told(wide: list[RouteSet], hosts: dict[str, int]) -> Iterator[Finding]:
    """What they take: nobody asks them at a host where another router has been asked that takes everything."""
    last = sorted(hosts.values())
    counts = {each: bisect_left(last, each.priority or 0) for each in wide}
    places = sum(counts.values())
    if places > MOST:
        (first, *_) = sorted(wide, key=lambda each: (-counts[each], each.name))
        yield Finding.warning(
            first.origin,
            f"{first.origin.subject or first.name.name}: {len(wide)} routers for every host come before those of up to "
            f"{max(counts.values()):,} hosts, where the gateway keeps {places:,} copies of them; give them hosts, a "
            "lower priority, or an entry point of their own",
        )


def _hosts(sets: Iterable[RouteSet]) -> dict[str, int]:
    """By host the priority of the last router that is asked there: it takes everything. 0 if none does."""
    found: dict[str, int] = {}
    for each in sets:
        if ANY in each.hosts:
            continue
        priority = (each.priority or 0) if _takes_all(each) else 0
        for host in each.hosts:
            found[host] = max(found.get(host, 0), priority)
    return found


def _takes_all(route_set: RouteSet) -> bool:
    conditions = (match.conditions for rule in route_set.rules for match in rule.matches)
    return any(all(each.subject is Subject.HOST and not each.is_negated for each in found) for found in conditions)
