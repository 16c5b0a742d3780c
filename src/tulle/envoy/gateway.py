"""The gateway: its listeners, and one virtual host per listener and host name. One changed route is one resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, count
from operator import is_not

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from google.protobuf import wrappers_pb2

from tulle.envoy import connection_access, connection_manager, listeners, naming, protos, references, replies, secrets
from tulle.envoy.actions import Destinations
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.hosts import STANDARD_RETRY, cluster_resources
from tulle.envoy.routes import compile_routes, in_order
from tulle.envoy.scope import may_call
from tulle.kit.memo import remember
from tulle.model.guards import Guard
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import Backend, RouteSet
from tulle.model.services import Port, Service
from tulle.xds.snapshot import Resource, encode

CALLER = Name(SYSTEM_NAMESPACE, "gateway")
Names = tuple[str, ...]
RouteSets = tuple[RouteSet, ...]
Place = tuple[str, str]
"""A listener and a host name on it."""


@dataclass(frozen=True, slots=True)
class Host:
    """One virtual host of the gateway, with all that it was compiled from."""

    sets: tuple[RouteSet, ...]
    services: frozenset[Name]
    resource: Resource
    clusters: Mapping[str, Resource]


@dataclass(slots=True)
class Memory:
    """The last result, from which the next takes everything whose input is the same object."""

    settings: Settings | None = None
    listeners: tuple[str, ...] = ()
    routes: tuple[RouteSet, ...] = ()
    services: Mapping[Name, Service] = field(default_factory=dict)
    hosts: dict[Place, Host] = field(default_factory=dict)
    virtual_hosts: dict[str, Resource] = field(default_factory=dict)
    """Of all hosts together, by name; replaced, never changed in place."""
    clusters: dict[str, Resource] = field(default_factory=dict)
    """The same of their clusters."""


_last = Memory()


def compile_hosts(mesh: Mesh, memory: Memory = _last) -> dict[Place, Host]:
    """Every virtual host of every HTTP listener; only those whose rules or services changed are compiled."""
    names = tuple(naming.gateway_listener(each) for each in mesh.listeners.values() if takes_routes(each))
    is_known = memory.settings is mesh.settings and memory.listeners == names
    before = memory if is_known and keeps_order(memory.routes, mesh.gateway_routes) else Memory()
    hosts = dict(before.hosts)
    for place, sets in regrouped(before, names, mesh.gateway_routes).items():
        if sets or place[1] == "*":
            hosts[place] = compile_host(mesh, place, sets)
        else:
            del hosts[place]
    changed = changed_services(before.services, mesh.services)
    if changed:
        for place, host in before.hosts.items():
            # What was compiled again above saw the new services already.
            if hosts.get(place) is host and not changed.isdisjoint(host.services):
                hosts[place] = compile_host(mesh, place, host.sets)
    memory.virtual_hosts, memory.clusters = together(before, hosts)
    memory.settings, memory.listeners, memory.hosts = mesh.settings, names, hosts
    memory.routes, memory.services = mesh.gateway_routes, mesh.services
    return hosts


def compile_tables(mesh: Mesh, memory: Memory = _last) -> tuple[dict[str, Resource], dict[str, Resource]]:
    """All virtual hosts, and the clusters that they need, by name; for the caller to add to."""
    compile_hosts(mesh, memory)
    return dict(memory.virtual_hosts), dict(memory.clusters)


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


def regrouped(
    before: Memory, names: tuple[str, ...], routes: tuple[RouteSet, ...]
) -> dict[Place, tuple[RouteSet, ...]]:
    """The places whose route sets are others than before, with their sets in the order in which they were read."""
    old, new = map(set, differing(before.routes, routes))
    touched: dict[Place, set[RouteSet]] = {(name, "*"): set() for name in names if (name, "*") not in before.hosts}
    gone = old - new
    for route_set in old ^ new:
        for place in places(route_set, names):
            if place not in touched:
                host = before.hosts.get(place)
                touched[place] = set(host.sets) - gone if host else set()
            if route_set in new:
                touched[place].add(route_set)
    if all(len(sets) <= 1 for sets in touched.values()):
        return {place: tuple(sets) for place, sets in touched.items()}
    position = {route_set: index for index, route_set in enumerate(routes)}
    return {place: tuple(sorted(sets, key=position.__getitem__)) for place, sets in touched.items()}


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


def places(route_set: RouteSet, names: Names) -> Iterator[Place]:
    """Where a route set is attached: by the listeners it names (all, if none), and its hosts (every one, if none)."""
    hosts = dict.fromkeys(map(plain_host, route_set.hosts or ("*",)))
    for name in names:
        if not route_set.listeners or name in route_set.listeners:
            for host in hosts:
                yield name, host


def plain_host(host: str) -> str:
    """A host name in lower case and without a port."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdecimal() else host.lower()


def takes_routes(listener: Listener) -> bool:
    """Whether requests are routed on it."""
    return listener.protocol.is_http and listener.redirect_to_https is None


def changed_services(before: Mapping[Name, Service], now: Mapping[Name, Service]) -> frozenset[Name]:
    """Names whose service came, went or is another object now."""
    if before is now:
        return frozenset()
    return frozenset(each.name for each in set(before.values()) ^ set(now.values()))


def compile_host(mesh: Mesh, place: Place, sets: tuple[RouteSet, ...]) -> Host:
    """One virtual host."""
    listener, host = place
    used = [backend for each in sets for backend in references.backends(each)]
    names = frozenset(backend.service for backend in used)
    to = destinations(mesh, names)
    routes = compile_routes(in_order(sets), to)
    if host == "*":
        rest = replies.respond(404, "no route of the gateway matches this host and path")
        rest.match.prefix = "/"
        routes.append(rest)
    name = naming.virtual_host(naming.gateway_routes(listener), host)
    message = route_components_pb2.VirtualHost(name=name, domains=[host], routes=routes, retry_policy=STANDARD_RETRY)
    origins = tuple(each.origin for each in sets) or (mesh.settings.origin,)
    resources = cluster_resources(used, to, mesh.settings.trust_domain)
    return Host(sets, names, encode(name, message, origins=origins), {each.name: each for each in resources})


def destinations(mesh: Mesh, names: Iterable[Name]) -> Destinations:
    """What the gateway may know of these services."""
    known = {name: service for name in names if (service := mesh.services.get(name)) is not None}
    denied = frozenset(name for name, service in known.items() if not may_call(mesh, CALLER, service))
    return Destinations(known, denied)


@remember(size=4)
def compile_listener(
    listener: Listener,
    settings: Settings,
    shares: tuple[tuple[str, int], ...],
    guard: Guard | None = None,
    clusters: tuple[tuple[str, str], ...] = (),
) -> Resource:
    """One listener; `shares` are the clusters of its backends, with their weights, unless it speaks HTTP.

    `guard` is that of the gateway, `clusters` those of whom it asks.
    """
    name = naming.gateway_listener(listener)
    port = guarded_port(listener)
    match listener.protocol:
        case ListenerProtocol.UDP:
            target = shares[0][0] if shares else naming.PLACEHOLDER
            message = listeners.udp_listener(name, f"{listener.address}:{listener.port}", target)
        case ListenerProtocol.HTTP | ListenerProtocol.HTTPS:
            manager = connection_manager.gateway(settings, naming.gateway_routes(name), guard, port, clusters)
            message = _stream_listener(listener, connection_manager.network_filter(manager))
        case _:
            proxy = listeners.tcp_proxy("edge", *(shares or ((naming.PLACEHOLDER, 1),)))
            chain = Chain(side=Side.GATEWAY, settings=settings, guard=guard, port=port, clusters=clusters)
            message = _stream_listener(listener, *connection_access.filters(chain), proxy)
    return encode(name, message, origins=(listener.origin,))


def guarded_port(listener: Listener) -> Port:
    """The port as policies may mean it: as it was written, or where it really is."""
    return Port(name=listener.name.name, number=listener.declared_port or listener.port, target=listener.port)


def shares(mesh: Mesh, backends: tuple[Backend, ...]) -> tuple[tuple[tuple[str, int], ...], tuple[Resource, ...]]:
    """The clusters of a TCP, TLS or UDP listener with their weights, and those that exist as resources."""
    live = [each for each in backends if each.weight > 0]
    to = destinations(mesh, {each.service for each in live})
    weights = tuple((to.cluster(each), each.weight) for each in live)
    return weights, cluster_resources(live, to, mesh.settings.trust_domain)


@remember(size=4)
def route_configuration(listener: Listener, settings: Settings) -> Resource:
    """The routes of an HTTP listener: nothing but where its virtual hosts come from."""
    name = naming.gateway_routes(naming.gateway_listener(listener))
    message = lazy_routes(name)
    # `example.org:8080` is the same host; the header itself stays as it is.
    message.ignore_port_in_host_matching = True
    return encode(name, message, origins=(listener.origin,))


def lazy_routes(name: str) -> route_pb2.RouteConfiguration:
    """A route configuration whose virtual hosts are resources of their own."""
    return route_pb2.RouteConfiguration(
        name=name,
        vhds=route_pb2.Vhds(config_source=protos.ads()),
        response_headers_to_remove=naming.INTERNAL_HEADERS,
        validate_clusters=protos.flag(False),
    )


@remember(size=4)
def redirecting_host(listener: Listener) -> Resource:
    """The only virtual host of a listener that sends everybody to HTTPS."""
    name = naming.virtual_host(naming.gateway_routes(naming.gateway_listener(listener)), "*")
    route = route_components_pb2.Route()
    route.match.prefix = "/"
    route.redirect.https_redirect = True
    port = listener.redirect_to_https or 443
    route.redirect.port_redirect = 0 if port == 443 else port
    message = route_components_pb2.VirtualHost(name=name, domains=["*"], routes=[route])
    return encode(name, message, origins=(listener.origin,))


def _stream_listener(listener: Listener, *content: listener_components_pb2.Filter) -> listener_pb2.Listener:
    message = listener_pb2.Listener(
        name=naming.gateway_listener(listener),
        stat_prefix="edge",
        address=protos.socket_address(listener.address, listener.port),
        # Envoy's best practices for the edge: what one connection can make us hold.
        per_connection_buffer_limit_bytes=wrappers_pb2.UInt32Value(value=32 * 1024),
    )
    if listener.protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS}:
        message.filter_chains.extend(_encrypted(listener, content))
        if any(each.hosts for each in listener.certificates):
            inspector = protos.packed(tls_inspector_pb2.TlsInspector())
            message.listener_filters.append(
                listener_components_pb2.ListenerFilter(name="tls_inspector", typed_config=inspector)
            )
    else:
        message.filter_chains.append(listener_components_pb2.FilterChain(filters=content))
    return message


def _encrypted(
    listener: Listener, content: tuple[listener_components_pb2.Filter, ...]
) -> Iterable[listener_components_pb2.FilterChain]:
    """A filter chain per certificate, so that a new certificate leaves the connections of the others alone."""
    default = tuple(each for each in listener.certificates if not each.hosts)
    groups: list[tuple[Certificate, ...]] = [(each,) for each in listener.certificates if each.hosts]
    for certificates in (*groups, *((default,) if default else ())):
        chain = listener_components_pb2.FilterChain(
            filters=content,
            transport_socket=secrets.edge(certificates, listener.client_ca_file, is_http=listener.protocol.is_http),
        )
        chain.filter_chain_match.server_names.extend(host for each in certificates for host in each.hosts)
        yield chain
