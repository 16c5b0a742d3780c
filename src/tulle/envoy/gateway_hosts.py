"""Virtual hosts of the gateway, one per route configuration and host name. One changed route is one resource."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from envoy.config.route.v3 import route_components_pb2, route_pb2

from tulle.envoy import edge_replies, entrances, mesh_secrets, naming, protos, references, replies, sockets
from tulle.envoy.actions import LARGEST_BODY, Destinations
from tulle.envoy.attempts import attempt
from tulle.envoy.callers import Caller
from tulle.envoy.conditions import narrowed
from tulle.envoy.hosts import STANDARD_RETRY, cluster_resources
from tulle.envoy.matches import is_unconditional
from tulle.envoy.rewrites import NOWHERE, Entry, redirects
from tulle.envoy.routes import compile_routes, in_order
from tulle.envoy.scope import may_call
from tulle.envoy.sockets import Layout, Place
from tulle.envoy.steps import sign_in
from tulle.kit.groups import Groups
from tulle.kit.memo import remember
from tulle.kit.quick import quick
from tulle.kit.sequences import differing
from tulle.kit.tables import Layered, changed_keys, replaced
from tulle.model import hostnames
from tulle.model.documents import Origin
from tulle.model.listeners import Entrance, Listener
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Match, Redirect, RouteSet
from tulle.model.services import Service
from tulle.xds.snapshot import VIRTUAL_HOST, Resource, encode

FOREIGN = "|foreign"
"""Stands where the host stands in the names of other virtual hosts."""
MISDIRECTED = "this host belongs to another listener than the server name of the connection; connect anew"
RouteSets = tuple[RouteSet, ...]
Changed = tuple[RouteSets, RouteSets]
"""Of before, and of now."""
Ports = tuple[int, ...]


@quick
@dataclass(frozen=True, slots=True)
class Host:
    """One virtual host of the gateway, with all that it was compiled from."""

    sets: RouteSets
    ports: Ports
    services: tuple[Name, ...]
    """Each once."""
    resource: Resource
    clusters: tuple[Resource, ...]
    secrets: frozenset[str]
    """Secrets of the mesh that it and its clusters need."""
    entry: Entry = NOWHERE


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
    streaming: RouteSets = ()
    """Those of the routes that are for connections."""
    services: Mapping[Name, Service] = field(default_factory=dict)
    hosts: dict[Place, Host] = field(default_factory=dict)
    virtual_hosts: dict[str, Resource] = field(default_factory=dict)
    """Of all hosts together, by name; replaced, never changed in place."""
    clusters: dict[str, Resource] = field(default_factory=dict)
    """The same of their clusters."""
    all_hosts: Layered[str, Resource] = field(default_factory=Layered)
    """With those that no route can change."""
    all_clusters: Layered[str, Resource] = field(default_factory=Layered)
    """With those that listeners need."""
    _users: Groups[Name, Place] = field(default_factory=Groups)
    """By service: the hosts that use it."""
    _sharing: Counter[str] = field(default_factory=Counter)
    """By cluster: how many hosts have it."""
    _secrets: dict[Place, frozenset[str]] = field(default_factory=dict)
    """Of hosts that need any."""

    wide: dict[str, frozenset[RouteSet]] = field(default_factory=dict)
    """By route configuration: sets that count for every host of it."""

    def beside(self, layout: Layout, route_set: RouteSet) -> list[Place]:
        """All places that there are where a set counts that is for every host."""
        routes = {name for name, _ in layout.places(route_set)}
        return [place for place in self.hosts if place[0] in routes]

    @property
    def secrets(self) -> frozenset[str]:
        """Secrets of the mesh that any of the hosts needs."""
        return frozenset().union(*self._secrets.values())

    def users(self, services: Iterable[Name]) -> list[Place]:
        """The hosts that use any of these services."""
        return sorted(set().union(*map(self._users.get, services)))

    def forget(self) -> None:
        """Begin from scratch."""
        self.layout, self.routes, self.streaming, self.services = Layout(), (), (), {}
        self.wide = {}
        self.hosts, self.virtual_hosts, self.clusters = {}, {}, {}
        self._users, self._sharing, self._secrets = Groups(), Counter(), {}

    def take(self, hosts: Mapping[Place, Host | None]) -> None:
        """Put hosts in place of those that were there; None: there is none any more."""
        resources: list[tuple[str, Resource | None]] = []
        clusters: dict[str, Resource | None] = {}
        for place, host in hosts.items():
            before = self.hosts.get(place)
            if before is not None:
                self._leave(place, before)
                left = (each.name for each in before.clusters if each.name not in clusters)
                clusters.update((name, self.clusters.get(name)) for name in left)
                if host is None:
                    resources.append((before.resource.name, None))
            if host is not None:
                self._note(place, host)
                clusters.update((each.name, each) for each in host.clusters)
                resources.append((host.resource.name, host.resource))
        self.hosts = replaced(self.hosts, hosts.items())
        self.virtual_hosts = replaced(self.virtual_hosts, resources)
        used = self._sharing
        self.clusters = replaced(self.clusters, [(name, it if used[name] else None) for name, it in clusters.items()])

    def _note(self, place: Place, host: Host) -> None:
        for name in host.services:
            self._users.add(name, place)
        self._sharing.update(each.name for each in host.clusters)
        if host.secrets:
            self._secrets[place] = host.secrets

    def _leave(self, place: Place, host: Host) -> None:
        for name in host.services:
            self._users.remove(name, place)
        self._sharing.subtract(each.name for each in host.clusters)
        self._secrets.pop(place, None)


def arranged(mesh: Mesh, memory: Memory) -> Layout:
    """Where every listener stands; remembered as long as all of them are the same."""
    listeners = tuple(mesh.listeners.values())
    if listeners != memory.listeners:
        memory.listeners, memory.arranged = listeners, sockets.layout(listeners)
    return memory.arranged


def compile_hosts(mesh: Mesh, layout: Layout, memory: Memory) -> dict[Place, Host]:
    """Every virtual host that takes routes; only those whose rules or services changed are compiled."""
    old, new = changed_sets(memory.routes, mesh.gateway_routes)
    if memory.settings is not mesh.settings or not keeps_order(old, new):
        memory.forget()
        old, new = (), mesh.gateway_routes
    if any(each.streams for each in (*old, *new)):
        memory.streaming = tuple(each for each in mesh.gateway_routes if each.streams)
    hosts: dict[Place, Host | None] = {}
    for place, sets in regrouped(memory, layout, mesh.gateway_routes, (old, new)).items():
        is_there = place in layout.standing or any(not is_wide(each) for each in sets)
        hosts[place] = (
            compile_host(mesh, place, sets, layout.ports[place[0]], layout.entries[place[0]]) if is_there else None
        )
    for place in memory.users(changed_keys(memory.services, mesh.services)):
        if place not in hosts:
            host = memory.hosts[place]
            hosts[place] = compile_host(mesh, place, host.sets, host.ports, host.entry)
    memory.take(hosts)
    memory.settings, memory.layout = mesh.settings, layout
    memory.routes, memory.services = mesh.gateway_routes, mesh.services
    return memory.hosts


def regrouped(before: Memory, layout: Layout, routes: RouteSets, changed: Changed) -> dict[Place, RouteSets]:
    """The places whose route sets are others than before, with their sets in the order in which they were read."""
    if before.layout != layout:
        return _arranged_anew(before, layout, routes)
    old, new = map(set, changed)
    touched: dict[Place, set[RouteSet]] = {}
    gone = old - new
    wide = before.wide
    different = (*gone, *(each for each in changed[1] if each not in old))
    before.wide = _widened(wide, layout, different, new)
    for route_set in different:
        for place in (*layout.places(route_set), *(before.beside(layout, route_set) if is_wide(route_set) else ())):
            if place not in touched:
                host = before.hosts.get(place)
                touched[place] = set(host.sets) - gone if host else set(before.wide.get(place[0], ()))
            if route_set in new:
                touched[place].add(route_set)
    for place, sets in touched.items():
        sets.update(before.wide.get(place[0], ()))
    if all(len(sets) <= 1 for sets in touched.values()):
        return {place: tuple(sets) for place, sets in touched.items()}
    position = {route_set: index for index, route_set in enumerate(routes)}
    return {place: tuple(sorted(sets, key=position.__getitem__)) for place, sets in touched.items()}


def _widened(
    wide: Mapping[str, frozenset[RouteSet]], layout: Layout, different: Iterable[RouteSet], new: set[RouteSet]
) -> dict[str, frozenset[RouteSet]]:
    """By route configuration: the sets that count for every host of it."""
    found = dict(wide)
    for route_set in filter(is_wide, different):
        for routes, _ in layout.places(route_set):
            known = found.get(routes, frozenset())
            found[routes] = known | {route_set} if route_set in new else known - {route_set}
    return found


def _arranged_anew(before: Memory, layout: Layout, routes: RouteSets) -> dict[Place, RouteSets]:
    """The same where listeners changed: every place is looked at, but only what is different is compiled."""
    now: dict[Place, dict[RouteSet, None]] = {place: {} for place in (*before.hosts, *layout.standing)}
    for route_set in routes:
        for place in layout.places(route_set):
            now.setdefault(place, {})[route_set] = None
    before.wide = _widened({}, layout, routes, set(routes))
    for place, beside in now.items():
        # (Their order is by priority.)
        beside.update(dict.fromkeys(sorted(before.wide.get(place[0], ()), key=lambda each: each.name)))
    found: dict[Place, RouteSets] = {}
    for place, members in now.items():
        sets, host = tuple(members), before.hosts.get(place)
        is_same = (
            host is not None
            and host.sets == sets
            and (host.ports, host.entry) == (layout.ports.get(place[0]), layout.entries.get(place[0]))
        )
        if not is_same or not (sets or place in layout.standing):
            found[place] = sets
    return found


def changed_sets(before: RouteSets, now: RouteSets) -> Changed:
    """Those of before and those of now in the places where the two differ; of many, few are different."""
    if before is now:
        return (), ()
    spans = differing(before, now)
    old = tuple(chain.from_iterable(before[start:stop] for start, stop, _, _ in spans))
    new = tuple(chain.from_iterable(now[first:last] for _, _, first, last in spans))
    if len(spans) > 1 and not set(old).isdisjoint(new):
        # Some went somewhere else: what is in between stands before or after them now.
        return before[spans[0][0] : spans[-1][1]], now[spans[0][2] : spans[-1][3]]
    return old, new


def keeps_order(before: RouteSets, now: RouteSets) -> bool:
    """Whether all route sets that were there before and still are follow each other as they did."""
    old, new = set(before), set(now)
    return [each for each in before if each in new] == [each for each in now if each in old]


def compile_host(mesh: Mesh, place: Place, sets: RouteSets, ports: Ports, entry: Entry = NOWHERE) -> Host:
    """One virtual host; `ports` are the numbers by which its port may be named in conditions."""
    routes_name, host = place
    used = [backend for each in sets for backend in references.request_backends(each)]
    names = tuple(dict.fromkeys(backend.service for backend in used))
    to = destinations(mesh, names, entry)
    name = naming.virtual_host(routes_name, host)
    origins = tuple(each.origin for each in sets) or (mesh.settings.origin,)

    def compiled() -> Resource:
        here = (at_host(at_gateway(each, ports), host) for each in sets)
        steps = in_order(here)
        routes = compile_routes(steps, to)
        is_routed = any(each.priority is not None for each in sets)
        # What a router for everything leaves out would only be a burden: there may be very many hosts.
        is_complete = is_routed and any(is_unconditional(match) for match, _ in steps)
        if (host == hostnames.ANY or not sets or is_routed) and not is_complete:
            rest = (
                edge_replies.nothing_found()
                if entry.is_routed
                else replies.respond(404, "no route of the gateway matches this host and path")
            )
            rest.match.prefix = "/"
            routes.append(rest)
        domains = [host, f"{host}."] if is_routed and host != hostnames.ANY else [host]
        message = route_components_pb2.VirtualHost(
            name=name, domains=domains, routes=routes, retry_policy=STANDARD_RETRY
        )
        return encode(name, message, origins=origins)

    resource = attempt(VIRTUAL_HOST, name, origins, compiled)
    clusters = (*cluster_resources(used, to, mesh.settings.trust_domain), *sign_in.clusters(sets, mesh.settings))
    secrets = mesh_secrets.needed(clusters) | sign_in.secrets(sets)
    return Host(sets, ports, names, resource, clusters, secrets, entry)


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


def at_host(route_set: RouteSet, host: str) -> RouteSet:
    """The rules of a set with a priority that can match one host, without conditions that hold there anyway."""
    if route_set.priority is None or host == hostnames.ANY:
        return route_set
    rules = []
    for rule in route_set.rules:
        kept = ((match, narrowed(match.conditions, host)) for match in rule.matches)
        left = tuple(dataclasses.replace(match, conditions=found) for match, found in kept if found is not None)
        if left:
            rules.append(dataclasses.replace(rule, matches=left))
    return dataclasses.replace(route_set, rules=tuple(rules))


def is_wide(route_set: RouteSet) -> bool:
    """Whether its rules count for every host of its listeners, beside those of the very host."""
    return route_set.priority is not None and hostnames.ANY in route_set.hosts


def _possible(matches: Iterable[Match], ports: frozenset[int]) -> Iterator[Match]:
    for match in matches:
        if match.source is None and (not match.ports or not ports.isdisjoint(match.ports)):
            yield dataclasses.replace(match, ports=()) if match.ports else match


def destinations(mesh: Mesh, names: Iterable[Name], entry: Entry = NOWHERE) -> Destinations:
    """What the gateway may know of these services, at a listener."""
    known = {name: service for name in names if (service := mesh.services.get(name)) is not None}
    caller = Caller.gateway(mesh.settings)
    denied = frozenset(name for name, service in known.items() if not may_call(caller.name, service))
    return Destinations(known, denied, caller=caller, root_namespace=mesh.settings.root_namespace, listener=entry)


def lazy_routes(name: str) -> route_pb2.RouteConfiguration:
    """A route configuration whose virtual hosts are resources of their own."""
    return route_pb2.RouteConfiguration(
        name=name,
        vhds=route_pb2.Vhds(config_source=protos.ads()),
        response_headers_to_remove=naming.INTERNAL_HEADERS,
        validate_clusters=protos.flag(False),
        max_direct_response_body_size_bytes=protos.number(LARGEST_BODY),
    )


@remember(size=4096)
def route_configuration(
    settings: Settings, name: str, origins: tuple[Origin, ...], entrance: Entrance | None = None
) -> Resource:
    """A route configuration of the gateway: nothing but where its virtual hosts come from."""
    message = lazy_routes(name)
    if entrance is not None:
        entrances.forward(entrance, message)
    # `example.org:8080` is the same host; the header itself stays as it is.
    message.ignore_port_in_host_matching = True
    return encode(name, message, origins=origins or (settings.origin,))


@remember(size=4096)
def redirecting_host(
    settings: Settings, place: Place, port: int, entry: Entry, origins: tuple[Origin, ...]
) -> Resource:
    """A virtual host that sends everybody to HTTPS, at a port."""
    name = naming.virtual_host(*place)
    declared = next((declared for declared, real in entry.moved if real == port), port)
    change = Redirect(scheme="https", port=declared, status=301)
    routes = []
    for conditions, action in redirects(change, None, entry):
        route = route_components_pb2.Route(redirect=action)
        route.match.prefix = "/"
        route.match.headers.extend(conditions)
        routes.append(route)
    message = route_components_pb2.VirtualHost(name=name, domains=[place[1]], routes=routes)
    return encode(name, message, origins=origins or (settings.origin,))


@remember(size=4096)
def foreign_host(settings: Settings, routes: str, hosts: tuple[str, ...], origins: tuple[Origin, ...]) -> Resource:
    """Answers for hosts of other listeners of the socket: a client that reuses its connection is to open another."""
    name = naming.virtual_host(routes, FOREIGN)
    answer = replies.everything(replies.respond(421, MISDIRECTED))
    message = route_components_pb2.VirtualHost(name=name, domains=hosts, routes=answer)
    return encode(name, message, origins=origins or (settings.origin,))
