"""Rules of different documents for the same host: the same conditions twice, and conditions that others leave nothing.

The order is that in which the rules are tried, so what is said here is what happens. Routes of the gateway with the
very same conditions are told by `flow.conflicts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from tulle.envoy.routes import in_order
from tulle.flow.advisors.base import World
from tulle.kit.groups import Groups
from tulle.kit.sequences import differing
from tulle.kit.tables import changed_keys
from tulle.model.covering import covers, is_everything
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routes import Match, RouteRule, RouteSet

COMPARED = 100
"""Conditions that each later one is compared with; of more, only those that fit everything or are the same count."""
Group = tuple[RouteSet, ...]
Key = TypeVar("Key", Name, str)
Step = tuple[Match, RouteRule]


class Overlaps:
    """Looks at everything for one host together."""

    def __init__(self) -> None:
        self._services: dict[Name, Group] = {}
        self._hosts: dict[str, Group] = {}
        self._gateway: Group = ()
        self._at_gateway: Groups[str, RouteSet] = Groups()
        self._by_service: dict[Name, tuple[Finding, ...]] = {}
        self._by_host: dict[str, tuple[Finding, ...]] = {}
        self._by_gateway_host: dict[str, tuple[Finding, ...]] = {}

    def update(self, world: World) -> None:
        """Look again at the hosts whose rules changed."""
        _settle(self._by_service, self._services, world.attached.services)
        _settle(self._by_host, self._hosts, world.attached.hosts)
        self._services, self._hosts = world.attached.services, world.attached.hosts
        if world.attached.gateway is not self._gateway:
            self._update_gateway(world.attached.gateway)

    def findings(self) -> Iterable[Finding]:
        """About every rule that gets no requests because of another document."""
        tables = (self._by_service.values(), self._by_host.values(), self._by_gateway_host.values())
        return (finding for table in tables for found in table for finding in found)

    def _update_gateway(self, routes: Group) -> None:
        spans = differing(self._gateway, routes)
        before = dict.fromkeys(each for start, stop, _, _ in spans for each in self._gateway[start:stop])
        now = dict.fromkeys(each for _, _, first, last in spans for each in routes[first:last])
        touched: set[str] = set()
        for route in before.keys() - now.keys():
            for host in dict.fromkeys(route.hosts):
                touched.add(host)
                self._at_gateway.remove(host, route)
        for route in now:
            if route not in before:
                for host in dict.fromkeys(route.hosts):
                    touched.add(host)
                    self._at_gateway.add(host, route)
        for host in touched:
            group = self._at_gateway.get(host)
            shown = "every host" if host == "*" else f"host {host}"
            found = tuple(_found_in(shown, tuple(group), is_mesh=False)) if len(group) > 1 else ()
            _put(self._by_gateway_host, host, found)
        self._gateway = routes


ADVISOR = Overlaps


def _settle(known: dict[Key, tuple[Finding, ...]], before: dict[Key, Group], now: dict[Key, Group]) -> None:
    for key in changed_keys(before, now):
        group = now.get(key, ())
        place = str(key) if isinstance(key, Name) else key
        _put(known, key, tuple(_found_in(f"calls to {place}", group, is_mesh=True)) if len(group) > 1 else ())


def _put(table: dict[Key, tuple[Finding, ...]], key: Key, found: tuple[Finding, ...]) -> None:
    if found:
        table[key] = found
    else:
        table.pop(key, None)


def _found_in(place: str, group: Group, *, is_mesh: bool) -> Iterator[Finding]:
    """About the rules that get nothing, as earlier ones of other documents take all of it."""
    if len({route.origin.anchor for route in group}) < 2:
        return
    before = _Before(group)
    takers: dict[int, list[_Taker | None]] = {}
    rules: dict[int, RouteRule] = {}
    for match, rule in in_order(group):
        takers.setdefault(id(rule), []).append(before.taker(match, rule))
        rules[id(rule)] = rule
        before.add(match, rule)
    for key, found in takers.items():
        rule = rules[key]
        known = [each for each in found if each is not None and (is_mesh or not each.is_same)]
        if len(known) == len(found):
            yield _hidden(rule, f"this rule is never used for {place}", known[0])
            continue
        for each in known:
            yield _hidden(rule, f"this rule is not used for {_described(each.match)} of {place}", each)


@dataclass(frozen=True, slots=True)
class _Taker:
    """Who takes the requests of a condition before."""

    rule: RouteRule
    match: Match
    """The condition that gets nothing."""
    is_same: bool


class _Before:
    """Conditions that are tried before."""

    def __init__(self, group: Group) -> None:
        self._owners: dict[int, list[RouteSet]] = {}
        for route in group:
            for rule in route.rules:
                self._owners.setdefault(id(rule), []).append(route)
        self._compared: list[Step] = []
        self._same: dict[Match, list[RouteRule]] = {}

    def add(self, match: Match, rule: RouteRule) -> None:
        """One more."""
        if rule.is_default:
            return
        self._same.setdefault(match, []).append(rule)
        if len(self._compared) < COMPARED or is_everything(match):
            self._compared.append((match, rule))

    def taker(self, match: Match, rule: RouteRule) -> _Taker | None:
        """The rule of another document that takes all such requests; within one document it is told there."""
        known = self._same.get(match)
        if known is not None:
            other = next((each for each in known[:COMPARED] if self._takes(each, rule)), None)
            return _Taker(other, match, is_same=True) if other is not None else None
        for wide, other in self._compared:
            if covers(wide, match) and self._takes(other, rule):
                return _Taker(other, match, is_same=False)
        return None

    def _takes(self, other: RouteRule, rule: RouteRule) -> bool:
        """Whether a rule is there wherever another one is, and for everybody that it is for."""
        if other.origin.anchor is rule.origin.anchor:
            return False
        return all(any(_reaches(wide, narrow) for wide in self._owners[id(other)]) for narrow in self._owners[id(rule)])


def _reaches(wide: RouteSet, narrow: RouteSet) -> bool:
    is_seen = "*" in wide.exports or (wide.exports == narrow.exports and wide.name.namespace == narrow.name.namespace)
    is_there = not wide.listeners or (bool(narrow.listeners) and set(narrow.listeners) <= set(wide.listeners))
    return is_seen and is_there and wide.service_port in {None, narrow.service_port}


def _described(match: Match) -> str:
    path = "every path" if match.path is None else f"path {match.path.value}"
    return f"{path} with its other conditions" if replace(match, path=None) != Match() else path


def _hidden(rule: RouteRule, what: str, taker: _Taker) -> Finding:
    other = f"{taker.rule.origin.subject} ({taker.rule.origin})"
    why = "has the same conditions" if taker.is_same else "takes all of these requests"
    first = "comes first (the older one does; of one age, the first by name)"
    return Finding.warning(rule.origin, f"{rule.origin.subject}: {what}: {other} {why} and {first}")
