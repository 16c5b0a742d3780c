"""Rules of all documents for one place, as one list in the order in which they are tried. Pure.

What a rule asks of its place (the port, the namespace of the caller) becomes a condition, or is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

from tulle.envoy import sockets
from tulle.envoy.gateway_hosts import at_gateway
from tulle.envoy.matches import is_unconditional
from tulle.envoy.routes import Step, in_order
from tulle.envoy.sockets import Layout
from tulle.envoy.streams import Vantage, seen
from tulle.flow.shared_ports import Shared, shared
from tulle.kit.frozen import rebuilt
from tulle.model import hostnames
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import (
    Backend,
    Forward,
    Match,
    PathKind,
    Redirect,
    Respond,
    RouteRule,
    RouteSet,
    Source,
    StreamMatch,
    StreamRule,
    ValueKind,
    specificity,
)

Steps = tuple[Step, ...]
EVERYTHING = Match()
NOBODY = Match(source=Source(namespace="nobody"))
"""Keeps a host known that has rules for nobody, and takes nothing from other hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Some hosts at some listeners, whose requests have the same rules."""

    hosts: tuple[str, ...]
    listeners: tuple[str, ...]
    steps: Steps
    namespace: str
    """Of the first of their documents."""

    @property
    def is_free(self) -> bool:
        """Whether the most specific condition wins anyway, so that their order says nothing."""
        if len({deed(rule) for _, rule in self.steps}) < len(self.steps):
            return False  # what is done for several conditions is better said once
        ranked = [(specificity(match), match) for match, _ in self.steps]
        if any(one < two for (one, _), (two, _) in pairwise(ranked)):
            return False
        groups: dict[tuple[int, ...], list[Match]] = {}
        for rank, match in ranked:
            groups.setdefault(rank, []).append(match)
        return all(_excludes(*pair) for equal in groups.values() for pair in combinations(equal, 2))


def at_listeners(mesh: Mesh) -> tuple[Place, ...]:
    """The rules of the gateway."""
    layout, told = sockets.layout(mesh.listeners.values()), shared(mesh.listeners.values())
    sets: dict[sockets.Place, list[RouteSet]] = {}
    for route_set in mesh.gateway_routes:
        for place in layout.places(route_set) if route_set.rules else ():
            if route_set not in sets.setdefault(place, []):
                sets[place].append(route_set)
    groups: dict[tuple[str, Steps], dict[str, dict[str, None]]] = {}
    for (routes, host), found in sets.items():
        ports = layout.ports[routes]
        steps = reachable(in_order([at_gateway(each, ports) for each in found])) or (nothing(found[0]),)
        hosts = groups.setdefault((found[0].name.namespace, steps), {})
        for listener in _owners(layout, told, routes, host):
            hosts.setdefault(host, {})[listener] = None
    places: dict[tuple[str, Steps, tuple[str, ...]], list[str]] = {}
    for (namespace, steps), each in groups.items():
        for hosts_, listeners in _even(each):
            places.setdefault((namespace, steps, _needed(hosts_, listeners, layout)), []).extend(hosts_)
    return tuple(
        Place(hosts=tuple(sorted(hosts_)), listeners=listeners, steps=steps, namespace=namespace)
        for (namespace, steps, listeners), hosts_ in places.items()
    )


def _needed(hosts: tuple[str, ...], listeners: tuple[str, ...], layout: Layout) -> tuple[str, ...]:
    """The listeners that must be named; none if the hosts would be at no others anyway."""
    anywhere = RouteSet(name=Name("", ""), origin=BUILT_IN, hosts=hosts)
    wanted = set(layout.places(replace(anywhere, listeners=listeners)))
    return () if wanted == set(layout.places(anywhere)) else listeners


def nothing(route_set: RouteSet, match: Match = EVERYTHING) -> Step:
    """For a host of which no rule can match: it does not fall to a wildcard that covers it."""
    return match, RouteRule(name="", origin=route_set.origin, matches=(match,), action=Respond(status=404))


def _owners(layout: Layout, told: Shared, routes: str, host: str) -> Iterator[str]:
    """The listeners to which a host of a route configuration belongs."""
    best = hostnames.best(host, layout.known[routes]) or host
    for name, section in layout.sections.items():
        if section.routes == routes and told.has(name, best):
            yield name


def _even(hosts: Mapping[str, Mapping[str, None]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Hosts together that are at the same listeners."""
    found: dict[tuple[str, ...], list[str]] = {}
    for host, listeners in hosts.items():
        found.setdefault(tuple(sorted(listeners)), []).append(host)
    for listeners_, together in found.items():
        yield tuple(sorted(together)), listeners_


def reachable(steps: Iterable[Step]) -> Steps:
    """Up to the first that takes everything; of equal conditions the first, without a path that is every path."""
    found: dict[Match, Step] = {}
    for given, rule in steps:
        match = _without_root(given, rule)
        found.setdefault(replace(match, stat_prefix=""), (match, _effective(match, rule)))
        if takes_everything(match):
            break
    return tuple(found.values())


def takes_everything(match: Match) -> bool:
    """Whether it is for every request of everybody."""
    return is_unconditional(match) and match.source is None and not match.ports


def _excludes(one: Match, two: Match) -> bool:
    """Whether it is plain to see that no request fits both."""
    if one.methods and two.methods and not set(one.methods) & set(two.methods):
        return True
    paths = (one.path, two.path)
    if all(path is not None and path.kind is not PathKind.REGEX for path in paths):
        first, second = (path.value.lower().rstrip("/") for path in paths if path is not None)
        if first != second and len(first) == len(second):
            return True
    values = {each.name: each.value for each in one.headers if each.kind is ValueKind.EXACT and not each.invert}
    return any(
        each.kind is ValueKind.EXACT and not each.invert and values.get(each.name, each.value) != each.value
        for each in two.headers
    )


def rules_of(steps: Iterable[Step]) -> tuple[RouteRule, ...]:
    """Rules of which the first that matches counts: neighbours that do the same are one."""
    found: list[RouteRule] = []
    last: RouteRule | None = None
    for match, rule in steps:
        done = deed(rule)
        if done == last:
            found[-1] = replace(found[-1], matches=(*found[-1].matches, match))
        else:
            found.append(replace(rule, matches=(match,)))
        last = done
    return tuple(found)


def _without_root(match: Match, rule: RouteRule) -> Match:
    """The match without a path that is every path."""
    path = match.path
    if path is None or path.value != "/" or path.kind in {PathKind.EXACT, PathKind.REGEX}:
        return match
    is_changed = isinstance(rule.action, Redirect | Forward) and _prefix(rule.action) is not None
    # What follows the prefix is told apart by segments there.
    return match if is_changed and path.kind is PathKind.TEXT_PREFIX else replace(match, path=None)


def _prefix(action: Redirect | Forward) -> str | None:
    if isinstance(action, Redirect):
        return action.prefix
    return action.rewrite.prefix if action.rewrite is not None else None


@lru_cache(4096)
def deed(rule: RouteRule) -> RouteRule:
    """What a rule does, whoever wrote it and for whichever requests."""
    return rebuilt(replace(rule, name="", matches=(), is_default=False), _nowhere)


def _effective(match: Match, rule: RouteRule) -> RouteRule:
    """A rule as its words work for a match; one that sends requests to nobody says what it answers."""
    action = rule.action
    if isinstance(action, Forward) and not any(each.weight and not each.problem for each in action.backends):
        return replace(rule, action=Respond(status=action.status_without_backends))
    if isinstance(action, Forward) and (backends := shares(action.backends)) is not action.backends:
        rule = replace(rule, action=replace(action, backends=backends))
    return _whole(rule) if match.path is not None and match.path.kind is PathKind.REGEX else rule


def shares(given: tuple[Backend, ...]) -> tuple[Backend, ...]:
    """The share of one is all; of several that are the same it is their sum."""
    found: dict[Backend, Backend] = {}
    for each in given:
        bare = replace(each, weight=0, origin=BUILT_IN)
        known = found.get(bare)
        found[bare] = each if known is None else replace(known, weight=known.weight + each.weight)
    every = tuple(found.values())
    if len(every) == 1:
        return every if every[0].weight == 1 else (replace(every[0], weight=1),)
    return given if len(every) == len(given) else every


def _nowhere(value: Any) -> Any:
    return BUILT_IN if isinstance(value, Origin) else value


def _whole(rule: RouteRule) -> RouteRule:
    """The rule for a path that a regular expression matches, which is replaced as a whole."""
    action = rule.action
    if isinstance(action, Redirect) and action.prefix is not None:
        return replace(rule, action=replace(action, prefix=None, path=action.prefix))
    if isinstance(action, Forward) and action.rewrite is not None and action.rewrite.prefix is not None:
        rewrite = replace(action.rewrite, prefix=None, path=action.rewrite.prefix)
        return replace(rule, action=replace(action, rewrite=rewrite))
    return rule


def of_mesh(sets: Iterable[RouteSet]) -> tuple[RouteRule, ...]:
    """Rules of the mesh for one service or host; for whom they are is among their conditions."""
    return rules_of(reachable(_steps(sets)))


def of_service(sets: Iterable[RouteSet], wider: Iterable[RouteSet]) -> tuple[RouteRule, ...]:
    """Those for calls to a service; `wider` are for wildcards that cover it, and stand elsewhere.

    What becomes of calls that no rule matches is said by the service, before those: it repeats their rules then.
    """
    own = tuple(sets)
    everything = (*own, *wider)
    steps = _steps(everything)
    if any(takes_everything(match) for match, _ in steps):
        return rules_of(reachable(_steps(own)))
    return rules_of(reachable((*steps, *unmatched(everything))))


def _steps(sets: Iterable[RouteSet]) -> list[Step]:
    steps = in_order([limited(each) for each in sets if each.rules], takes_everything)
    return [step for step in steps if step[0] != NOBODY]


def unmatched(sets: Iterable[RouteSet]) -> Iterator[Step]:
    """What becomes of calls that no rule matches, where sets are all there is: for whom they have rules."""
    for each in sets:
        if each.is_complete and each.rules:
            for rule in limited(each).rules:
                for match in rule.matches:
                    yield nothing(each, Match(source=match.source, ports=match.ports))


def limited(route_set: RouteSet) -> RouteSet:
    """The set with its frame as conditions of its rules."""
    if "*" in route_set.exports and route_set.service_port is None:
        return route_set
    rules = []
    for rule in route_set.rules:
        if matches := tuple(narrow for match in rule.matches for narrow in _narrowed(match, route_set)):
            # The same rule object for the same rule, or neighbours would not be found.
            rules.append(replace(rule, matches=matches))
    return replace(route_set, rules=tuple(rules), exports=("*",), service_port=None)


def _narrowed(match: Match, route_set: RouteSet) -> Iterator[Match]:
    port = route_set.service_port
    if port is not None:
        if match.ports and port not in match.ports:
            return
        match = replace(match, ports=(port,))
    for source in _sources(match.source, route_set):
        yield replace(match, source=source)


def _sources(source: Source | None, route_set: RouteSet) -> Iterator[Source | None]:
    if "*" in route_set.exports:
        yield source
        return
    own = route_set.name.namespace
    for space in dict.fromkeys(own if each == "." else each for each in route_set.exports):
        if source is None or source.namespace in {"", space}:
            yield replace(source or Source(), namespace=space)


def streams_of_mesh(sets: Iterable[RouteSet]) -> tuple[StreamRule, ...]:
    """The same for connections."""
    found = []
    for route_set in sets:
        for rule in route_set.streams:
            matches = tuple(
                replace(match, source=source, gateways=(), ports=ports)
                for match in rule.matches
                for source in _sources(match.source, route_set)
                if (ports := _ports(match, route_set)) is not None and not match.gateways
            )
            if matches:
                found.append(replace(rule, matches=matches))
    return tuple(found)


def _ports(match: StreamMatch, route_set: RouteSet) -> tuple[int, ...] | None:
    port = route_set.service_port
    if port is None:
        return match.ports
    return (port,) if not match.ports or port in match.ports else None


def at_listener(listener: Listener, sets: Iterable[RouteSet]) -> tuple[StreamRule, ...]:
    """The rules for connections of a listener, those only that can hold there."""
    number = listener.declared_port or listener.port
    vantage = Vantage(ports=(listener.port, number), gateway=listener.gateway)
    found: list[StreamRule] = []
    last: StreamRule | None = None
    for route_set, rule, match in seen(sets, vantage):
        hosts = tuple(host for host in map(hostnames.plain, route_set.hosts) if host != hostnames.ANY)
        names = match.server_names or (hosts if sockets.has_tls(listener) else ())
        bare = replace(match, server_names=names, ports=(), gateways=(), source=None)
        if rule is last:
            found[-1] = replace(found[-1], matches=(*found[-1].matches, bare))
        else:
            found.append(replace(rule, matches=(bare,)))
        last = rule
        if bare == StreamMatch():
            break
    return tuple(found)


def attached(mesh: Mesh, listener: Listener) -> list[RouteSet]:
    """The sets of rules for connections that a listener has."""
    return [each for each in mesh.gateway_routes if each.streams and listener.id in each.listeners]


def rest_of(mesh: Mesh, listener: Listener, streams: tuple[StreamRule, ...]) -> tuple[Listener, tuple[StreamRule, ...]]:
    """A listener that sends what no other rule takes to its own backends, which the last rule may be about."""
    if listener.backends or not streams:
        return listener, streams
    last = streams[-1]
    if listener.protocol is ListenerProtocol.UDP:
        return replace(listener, backends=streams[0].backends), ()
    if last.matches == (StreamMatch(),) and not any(_speaks_http(mesh, each) for each in last.backends):
        return replace(listener, backends=last.backends), streams[:-1]
    return listener, streams


def _speaks_http(mesh: Mesh, backend: Backend) -> bool:
    """Whether it is somewhere that listeners for bytes send to by a rule only, as that may be a mistake."""
    service = mesh.services.get(backend.service)
    port = service.port(backend.port) if service is not None else None
    return port is not None and port.protocol.is_http


def own_sets(mesh: Mesh, hosts: Iterable[str]) -> list[RouteSet]:
    """Rules of the mesh that name one of these hosts, without those for wildcards that cover them."""
    found = (each for host in hosts for each in mesh.host_routes.get(host, ()))
    return list(dict.fromkeys(found))
