"""What every gateway should have: all listeners and hosts at once. Reads like a table of contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from tulle.envoy import (
    consulted,
    counted,
    edge_tls,
    gateway_hosts,
    gateway_listeners,
    mesh_secrets,
    naming,
    passthrough,
    sockets,
    streams,
)
from tulle.envoy.attempts import attempt
from tulle.envoy.callers import Caller
from tulle.envoy.gateway_listeners import Content, Guarded
from tulle.envoy.hosts import cluster_resources
from tulle.envoy.references import stream_backends
from tulle.envoy.rewrites import Entry
from tulle.envoy.sockets import Layout
from tulle.envoy.streams import Vantage
from tulle.model.documents import Origin
from tulle.model.listeners import Entrance, Listener, ListenerProtocol, TlsHandling
from tulle.model.mesh import Mesh
from tulle.model.routes import RouteSet
from tulle.xds.snapshot import CLUSTER, EXTENSION, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource, Snapshot

Tables = dict[str, Resource]


def compile_gateway(mesh: Mesh, memory: gateway_hosts.Memory | None = None) -> Snapshot:
    """What every gateway should have. Only what changed since the last call with the same memory is compiled."""
    known = memory or gateway_hosts.Memory()
    layout = gateway_hosts.arranged(mesh, known)
    gateway_hosts.compile_hosts(mesh, layout, known)
    more: Tables = {}
    secrets = set(known.secrets)
    heard: Tables = {}
    caller = Caller.gateway(mesh.settings)
    filters: Tables = {}
    for listener, found in _listeners(mesh, known.streaming, more, filters, caller):
        heard[listener.name] = listener
        heard.update((each.name, each) for each in found if each.type_url == LISTENER)
        secrets |= mesh_secrets.needed((listener, *found))
    routes, fixed = _routes(mesh, layout)
    return Snapshot(
        {
            SECRET: mesh_secrets.secrets_for(mesh, secrets),
            CLUSTER: known.all_clusters.update(known.clusters, more),
            EXTENSION: filters,
            LISTENER: heard,
            ROUTE: routes,
            VIRTUAL_HOST: known.all_hosts.update(known.virtual_hosts, fixed),
        }
    )


def _listeners(
    mesh: Mesh, streaming: Iterable[RouteSet], clusters: Tables, filters: Tables, caller: Caller
) -> Iterator[tuple[Resource, tuple[Resource, ...]]]:
    """The listener of every socket, with the clusters that it needs itself; those are added to the others."""
    attached: dict[str, list[RouteSet]] = {}
    for each in streaming:
        for name in each.listeners:
            attached.setdefault(name, []).append(each)
    for sharing in sockets.by_socket(mesh.listeners.values()).values():
        needed: list[Resource] = []
        name = naming.gateway_listener(sockets.socket(sharing[0]))
        origins = tuple(dict.fromkeys(each.origin for each in sharing))
        make = partial(_listener, mesh, sharing, attached, caller, needed, filters)
        yield attempt(LISTENER, name, origins, make), tuple(needed)
        clusters.update((each.name, each) for each in needed if each.type_url == CLUSTER)


def _listener(
    mesh: Mesh,
    sharing: Sequence[Listener],
    attached: Mapping[str, Sequence[RouteSet]],
    caller: Caller,
    needed: list[Resource],
    filters: Tables,
) -> Resource:
    """The listener of one socket; the clusters that it needs are added to those `needed`, the `filters` to others."""
    contents = []
    guard = mesh.guard_of(each.gateway or each.name for each in sharing)
    asked = consulted.consulted(mesh, guard, caller) if guard is not None else consulted.NOBODY
    asked = consulted.with_collectors(asked, mesh, sharing, caller)
    needed += asked.clusters
    for listener in sharing:
        content, found = _content(mesh, listener, attached.get(listener.id, ()))
        contents.append(content)
        needed += found
    first, others = sharing[0], tuple(sharing[1:])
    guarded = Guarded(guard, asked.names)
    delivered = gateway_listeners.compile_filters(first, others, mesh.settings, guarded)
    filters.update((each.name, each) for each in delivered)
    beside = gateway_listeners.compile_quic(first, others, mesh.settings, tuple(contents), guarded)
    needed += [beside] if beside is not None else []
    return gateway_listeners.compile_listener(first, others, mesh.settings, tuple(contents), guarded)


def _content(mesh: Mesh, listener: Listener, sets: Sequence[RouteSet]) -> tuple[Content, tuple[Resource, ...]]:
    material = edge_tls.material(listener, mesh) if sockets.ends_tls(listener) else None
    if sockets.reads_http(listener):
        return Content(material=material), ()
    if listener.tls is TlsHandling.AUTO_PASSTHROUGH and listener.protocol is not ListenerProtocol.UDP:
        return Content(), passthrough.clusters(mesh, sockets.hosts(listener))
    used = [*listener.backends, *chain.from_iterable(map(stream_backends, sets))]
    known = gateway_hosts.destinations(mesh, {each.service for each in used})
    to = replace(known, listener=Entry(shown_secret=listener.shown_secret))
    found = streams.compile_streams(sets, _vantage(listener), to)
    if listener.backends:
        found = (*found, streams.passed_on(listener.backends, to))
    live = [each for each in used if each.weight > 0 and not each.problem]
    ways = [counted.counted(each, listener.id, listener.origin) for each in found]
    more = chain.from_iterable(resources for _, resources in ways)
    content = Content(tuple(each for each, _ in ways), material)
    return content, (*cluster_resources(live, to, mesh.settings.trust_domain), *more)


def _vantage(listener: Listener) -> Vantage:
    return Vantage(ports=(listener.port, listener.declared_port or listener.port), gateway=listener.gateway)


def _entrance(listener: Listener) -> Entrance | None:
    """HTTP/3 is told where there is TLS."""
    entrance = listener.entrance
    return replace(entrance, http3=0) if entrance is not None and not sockets.has_tls(listener) else entrance


def _routes(mesh: Mesh, layout: Layout) -> tuple[Tables, Tables]:
    """The route configurations, and those of their virtual hosts that no route can change."""
    origins: dict[str, tuple[Origin, ...]] = {}
    entrances: dict[str, Entrance | None] = {}
    for listener in filter(sockets.reads_http, mesh.listeners.values()):
        name = sockets.route_configuration(listener)
        entrances.setdefault(name, _entrance(listener))
        origins[name] = tuple(dict.fromkeys((*origins.get(name, ()), listener.origin)))
    settings = mesh.settings
    fixed = [
        gateway_hosts.redirecting_host(settings, place, port, layout.entries[place[0]], origins[place[0]])
        for place, port in layout.redirects.items()
    ]
    fixed += [
        gateway_hosts.foreign_host(settings, name, hosts, origins[name]) for name, hosts in layout.foreign.items()
    ]
    found = [gateway_hosts.route_configuration(settings, name, origins[name], entrances[name]) for name in layout.known]
    return {each.name: each for each in found}, {each.name: each for each in fixed}
