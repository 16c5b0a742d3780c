"""Virtual hosts of the gateway, one per route configuration and host name. One changed route is one resource."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, count
from operator import is_not

from envoy.config.route.v3 import route_components_pb2, route_pb2

from tulle.envoy import host_patterns, mesh_secrets, naming, protos, references, replies, sockets
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.hosts import STANDARD_RETRY, cluster_resources
from tulle.envoy.routes import compile_routes, in_order
from tulle.envoy.scope import may_call
from tulle.envoy.sockets import Layout, Place
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Match, RouteSet
from tulle.model.services import Service
from tulle.xds.snapshot import Resource, encode

FOREIGN = "|foreign"
"""Stands where the host stands in the names of other virtual hosts."""
MISDIRECTED = "this host belongs to another listener than the server name of the connection; connect anew"
RouteSets = tuple[RouteSet, ...]
Ports = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """One virtual host of the gateway, with all that it was compiled from."""

    sets: RouteSets
    ports: Ports
    services: frozenset[Name]
    resource: Resource
    clusters: Mapping[str, Resource]
    secrets: frozenset[str]
    """Secrets of the mesh that its clusters need."""


@dataclass(slots=True)
class Memory:
    """The last result, from which the next takes everything whose input is the same object."""

    settings: Settings | None = None
    listeners: tuple[Listener, ...] = ()
    arranged: Layout = field(default_factory=Layout)
    """Of these listeners."""
    layout: Layout = field(default_factory=Layout)
    """Of the last result."""
    routes: RouteSets = ()
    services: Mapping[Name, Service] = field(default_factory=dict)
    hosts: dict[Place, Host] = field(default_factory=dict)
    virtual_hosts: dict[str, Resource] = field(default_factory=dict)
    """Of all hosts together, by name; replaced, never changed in place."""
    clusters: dict[str, Resource] = field(default_factory=dict)
    """The same of their clusters."""

    @property
    def secrets(self) -> frozenset[str]:
        """Secrets of the mesh that any of the clusters needs."""
        return frozenset().union(*(host.secrets for host in self.hosts.values() if host.secrets))


LAST = Memory()
"""Of this process."""


def arranged(mesh: Mesh, memory: Memory = LAST) -> Layout:
    """Where every listener stands; remembered as long as all of them are the same."""
    listeners = tuple(mesh.listeners.values())
    if listeners != memory.listeners:
        memory.listeners, memory.arranged = listeners, sockets.layout(listeners)
    return memory.arranged


def compile_hosts(mesh: Mesh, layout: Layout, memory: Memory = LAST) -> dict[Place, Host]:
    """Every virtual host that takes routes; only those whose rules or services changed are compiled."""
    is_known = memory.settings is mesh.settings and keeps_order(memory.routes, mesh.gateway_routes)
    before = memory if is_known else Memory()
    hosts = dict(before.hosts)
    for place, sets in regrouped(before, layout, mesh.gateway_routes).items():
        if sets or place in layout.standing:
            hosts[place] = compile_host(mesh, place, sets, layout.ports[place[0]])
        else:
            hosts.pop(place, None)
    changed = changed_services(before.services, mesh.services)
    if changed:
        for place, host in before.hosts.items():
            # What was compiled again above saw the new services already.
            if hosts.get(place) is host and not changed.isdisjoint(host.services):
                hosts[place] = compile_host(mesh, place, host.sets, host.ports)
    memory.virtual_hosts, memory.clusters = together(before, hosts)
    memory.settings, memory.layout, memory.hosts = mesh.settings, layout, hosts
    memory.routes, memory.services = mesh.gateway_routes, mesh.services
    return hosts


def together(before: Memory, hosts: dict[Place, Host]) -> tuple[dict[str, Resource], dict[str, Resource]]:
    """The resources of all hosts; made from those before, where they were only added or replaced."""
    known = before.hosts
    different = list(compress(hosts, map(is_not, map(known.get, hosts), hosts.values())))
    lost = len(hosts) - sum(place not in known for place in different) < len(known)
    if lost or any(
        not known[each].clusters.keys() <= hosts[each].clusters.keys() for each in different if each in known
    ):
        before, different = Memory(), list(hosts)
    changed = [hosts[place] for place in different]
    clusters = dict(before.clusters)
    for host in changed:
        clusters.update(host.clusters)
    return {**before.virtual_hosts, **{each.resource.name: each.resource for each in changed}}, clusters


def regrouped(before: Memory, layout: Layout, routes: RouteSets) -> dict[Place, RouteSets]:
    """The places whose route sets are others than before, with their sets in the order in which they were read."""
    if before.layout != layout:
        return _arranged_anew(before, layout, routes)
    old, new = map(set, differing(before.routes, routes))
    touched: dict[Place, set[RouteSet]] = {}
    gone = old - new
    for route_set in old ^ new:
        for place in layout.places(route_set):
            if place not in touched:
                host = before.hosts.get(place)
                touched[place] = set(host.sets) - gone if host else set()
            if route_set in new:
                touched[place].add(route_set)
    if all(len(sets) <= 1 for sets in touched.values()):
        return {place: tuple(sets) for place, sets in touched.items()}
    position = {route_set: index for index, route_set in enumerate(routes)}
    return {place: tuple(sorted(sets, key=position.__getitem__)) for place, sets in touched.items()}


def _arranged_anew(before: Memory, layout: Layout, routes: RouteSets) -> dict[Place, RouteSets]:
    """The same where listeners changed: every place is looked at, but only what is different is compiled."""
    now: dict[Place, dict[RouteSet, None]] = {place: {} for place in (*before.hosts, *layout.standing)}
    for route_set in routes:
        for place in layout.places(route_set):
            now.setdefault(place, {})[route_set] = None
    found: dict[Place, RouteSets] = {}
    for place, members in now.items():
        sets, host = tuple(members), before.hosts.get(place)
        is_same = host is not None and host.sets == sets and host.ports == layout.ports.get(place[0])
        if not is_same or not (sets or place in layout.standing):
            found[place] = sets
    return found


def keeps_order(before: RouteSets, now: RouteSets) -> bool:
    """Whether all route sets that were there before and still are follow each other as they did."""
    before, now = differing(before, now)
    old, new = set(before), set(now)
    return [each for each in before if each in new] == [each for each in now if each in old]


def differing(before: RouteSets, now: RouteSets) -> tuple[RouteSets, RouteSets]:
    """Both without what they have in common at the beginning and at the end: of many, few are different."""
    shorter = min(len(before), len(now))
    start = next(compress(count(), map(is_not, before, now)), shorter)
    end = next(compress(count(), map(is_not, reversed(before), reversed(now))), shorter)
    end = min(end, shorter - start)
    return before[start : len(before) - end], now[start : len(now) - end]


def changed_services(before: Mapping[Name, Service], now: Mapping[Name, Service]) -> frozenset[Name]:
    """Names whose service came, went or is another object now."""
    if before is now:
        return frozenset()
    return frozenset(each.name for each in set(before.values()) ^ set(now.values()))


def compile_host(mesh: Mesh, place: Place, sets: RouteSets, ports: Ports) -> Host:
    """One virtual host; `ports` are the numbers by which its port may be named in conditions."""
    routes_name, host = place
    used = [backend for each in sets for backend in references.backends(each)]
    names = frozenset(backend.service for backend in used)
    to = destinations(mesh, names)
    routes = compile_routes(in_order(at_gateway(each, ports) for each in sets), to)
    if host == host_patterns.ANY or not sets:
        rest = replies.respond(404, "no route of the gateway matches this host and path")
        rest.match.prefix = "/"
        routes.append(rest)
    name = naming.virtual_host(routes_name, host)
    message = route_components_pb2.VirtualHost(name=name, domains=[host], routes=routes, retry_policy=STANDARD_RETRY)
    origins = tuple(each.origin for each in sets) or (mesh.settings.origin,)
    resources = cluster_resources(used, to, mesh.settings.trust_domain)
    return Host(
        sets,
        ports,
        names,
        encode(name, message, origins=origins),
        {each.name: each for each in resources},
        mesh_secrets.needed(resources),
    )


def at_gateway(route_set: RouteSet, ports: Ports) -> RouteSet:
    """The rules that can match here, without the conditions that hold for every request; usually the same set.

    Before they are put in order: what cannot match here hides nothing that comes after it.
    """
    if not any(match.source or match.ports for rule in route_set.rules for match in rule.matches):
        return route_set
    rules = (
        dataclasses.replace(rule, matches=tuple(_possible(rule.matches, frozenset(ports)))) for rule in route_set.rules
    )
    return dataclasses.replace(route_set, rules=tuple(rules))


def _possible(matches: Iterable[Match], ports: frozenset[int]) -> Iterator[Match]:
    for match in matches:
        if match.source is None and (not match.ports or not ports.isdisjoint(match.ports)):
            yield dataclasses.replace(match, ports=()) if match.ports else match


def destinations(mesh: Mesh, names: Iterable[Name]) -> Destinations:
    """What the gateway may know of these services."""
    known = {name: service for name in names if (service := mesh.services.get(name)) is not None}
    caller = Caller.gateway(mesh.settings)
    denied = frozenset(name for name, service in known.items() if not may_call(mesh, caller.name, service))
    return Destinations(known, denied, caller=caller, root_namespace=mesh.settings.root_namespace)


def lazy_routes(name: str) -> route_pb2.RouteConfiguration:
    """A route configuration whose virtual hosts are resources of their own."""
    return route_pb2.RouteConfiguration(
        name=name,
        vhds=route_pb2.Vhds(config_source=protos.ads()),
        response_headers_to_remove=naming.INTERNAL_HEADERS,
        validate_clusters=protos.flag(False),
    )


@remember(size=4096)
def route_configuration(settings: Settings, name: str, origins: tuple[Origin, ...]) -> Resource:
    """A route configuration of the gateway: nothing but where its virtual hosts come from."""
    message = lazy_routes(name)
    # `example.org:8080` is the same host; the header itself stays as it is.
    message.ignore_port_in_host_matching = True
    return encode(name, message, origins=origins or (settings.origin,))


@remember(size=4096)
def redirecting_host(settings: Settings, place: Place, port: int, origins: tuple[Origin, ...]) -> Resource:
    """A virtual host that sends everybody to HTTPS."""
    name = naming.virtual_host(*place)
    route = route_components_pb2.Route()
    route.match.prefix = "/"
    route.redirect.https_redirect = True
    route.redirect.port_redirect = 0 if port == 443 else port
    message = route_components_pb2.VirtualHost(name=name, domains=[place[1]], routes=[route])
    return encode(name, message, origins=origins or (settings.origin,))


@remember(size=4096)
def foreign_host(settings: Settings, routes: str, hosts: tuple[str, ...], origins: tuple[Origin, ...]) -> Resource:
    """Answers for hosts of other listeners of the socket: a client that reuses its connection is to open another."""
    name = naming.virtual_host(routes, FOREIGN)
    answer = replies.everything(replies.respond(421, MISDIRECTED))
    message = route_components_pb2.VirtualHost(name=name, domains=hosts, routes=answer)
    return encode(name, message, origins=origins or (settings.origin,))
