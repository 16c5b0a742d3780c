"""Mesh to snapshots: what one sidecar, what the gateway, what one cluster should have. Reads like a table of contents.

Equal inputs give the identical `Resource` objects, so that whoever publishes compares by identity.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from weakref import ref

from tulle.envoy import (
    clusters,
    consulted,
    endpoints,
    gateway,
    hosts,
    inbound,
    listeners,
    mesh_secrets,
    naming,
    scope,
    streams,
    treatments,
    views,
)
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.gateway_hosts import lazy_routes
from tulle.envoy.references import referenced_services, stream_backends
from tulle.envoy.scope import Outside, Target, Virtual
from tulle.envoy.streams import Vantage
from tulle.kit.memo import remember
from tulle.model.extensions import Scope
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Backend, RouteSet
from tulle.model.services import Protocol, Service
from tulle.model.workloads import Binding, Forward, Instance
from tulle.xds.snapshot import CLUSTER, EXTENSION, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource, Snapshot, encode

compile_endpoints = endpoints.compile_endpoints
compile_gateway = gateway.compile_gateway
secrets_for = mesh_secrets.secrets_for
dependencies = scope.dependencies
forward_dependencies = scope.forward_dependencies
is_outside = scope.is_outside


def compile_sidecar(mesh: Mesh, instance: Instance, demand: frozenset[str]) -> Snapshot:
    """What the sidecar of an instance should have, given the authorities that its workload has asked for.

    No endpoints and no keys of its own. The work depends on the demand, not on the size of the mesh.
    """
    caller = Caller.of(instance)
    namespace = instance.service.namespace
    found: dict[str, Resource] = {}
    virtual_hosts = _by_name(hosts.placeholder(mesh.settings, namespace))
    guard = mesh.guards.get(instance.workload)
    seen = guard.scope if guard is not None else None
    for authority in sorted(demand):
        compiled = compile_authority(mesh, caller, authority, seen)
        virtual_hosts[compiled.host.name] = compiled.host
        found.update((each.name, each) for each in compiled.clusters)
    heard: dict[str, Resource] = {}
    if instance.outbound:
        heard |= _by_name(
            listeners.outbound(mesh.settings, namespace, instance.outbound, guard),
            listeners.connect(mesh.settings, namespace, guard),
        )
    for forward in instance.forwards:
        if forward.address:
            listener, *needed = _forward(mesh, caller, forward, seen)
            heard[listener.name] = listener
            found |= _by_name(*needed)
    filters: dict[str, Resource] = {}
    if guard is not None:
        _add_inbound(mesh, guard, instance, heard, found, filters)
    routes = _by_name(_outbound_routes(mesh.settings, namespace))
    secrets = secrets_for(mesh, mesh_secrets.shown_to(namespace, mesh_secrets.needed(found.values())))
    return Snapshot(
        {
            SECRET: secrets,
            CLUSTER: found,
            EXTENSION: filters,
            LISTENER: heard,
            ROUTE: routes,
            VIRTUAL_HOST: virtual_hosts,
        }
    )


def compile_authority(mesh: Mesh, caller: Caller, authority: str, seen: Scope | None = None) -> hosts.Compiled:
    """The virtual host that answers for one authority, and the clusters that it needs; `seen` limits what it may be."""
    match scope.resolve(mesh, caller.namespace, authority, seen):
        case Target(service, port, asked):
            sets = _rules(mesh, service, scope.host_of(authority), caller, port.number)
            backends = _backends(mesh, sets, service.name)
            denied = _denied(caller, backends)
            if not scope.may_call(caller.name, service, port):
                denied |= {service.name}
            rules = hosts.Rules(sets, tuple(map(ref, backends)), denied)
            known = treatments.seen(caller, (service, *backends))
            return hosts.service_host(service, port, known, asked, rules, mesh.settings)
        case Virtual(asked, host, port_number):
            number = port_number or scope.HTTP_PORT
            sets = _rules(mesh, None, host, caller, number)
            backends = _backends(mesh, sets, None)
            rules = hosts.Rules(sets, tuple(map(ref, backends)), _denied(caller, backends))
            return hosts.ruled_host(mesh.settings, asked, host, number, treatments.seen(caller, backends), rules)
        case Outside(host):
            is_closed = seen.is_registry_only if seen is not None else None
            is_allowed = mesh.settings.allow_outside if is_closed is None else not is_closed
            return hosts.outside_host(mesh.settings, caller.namespace, host, is_allowed)
        case unknown:
            return hosts.unknown_host(mesh.settings, caller.namespace, unknown.authority, unknown.reason)


def named_clusters(mesh: Mesh, caller: Caller, names: Iterable[naming.ClusterName]) -> tuple[Resource, ...]:
    """Clusters of services by their names, as far as there is something that they name."""
    known = {each.service: service for each in names if (service := mesh.services.get(each.service)) is not None}
    to = Destinations(known, caller=caller, root_namespace=mesh.settings.root_namespace)
    used = [
        Backend(service=each.service, port=each.port, subset=each.subset or None, origin=known[each.service].origin)
        for each in sorted(names)
        if each.service in known
    ]
    return hosts.cluster_resources(used, to, mesh.settings.trust_domain)


def _rules(mesh: Mesh, service: Service | None, host: str, caller: Caller, port: int) -> tuple[RouteSet, ...]:
    """The rules for calls to a host that are for this caller."""
    found = []
    for each in scope.rules(mesh, service, host):
        if scope.is_exported(each.exports, each.name.namespace, caller.namespace):
            narrowed = views.for_caller(each, caller.namespace, caller.labels, port)
            if narrowed is not None:
                found.append(narrowed)
    return tuple(found)


def _backends(mesh: Mesh, sets: tuple[RouteSet, ...], but: Name | None) -> list[Service]:
    names = sorted(frozenset().union(*map(referenced_services, sets)) - {but})
    return [mesh.services[name] for name in names if name in mesh.services]


def _denied(caller: Caller, services: list[Service]) -> frozenset[Name]:
    return frozenset(each.name for each in services if not scope.may_call(caller.name, each))


@remember(size=1024)
def _outbound_routes(settings: Settings, namespace: str) -> Resource:
    name = naming.outbound_routes(namespace)
    message = lazy_routes(name)
    for filter_name, off in registry.asleep(Chain(side=Side.OUTBOUND, settings=settings)).items():
        message.typed_per_filter_config[filter_name].CopyFrom(off)
    return encode(name, message, origins=(settings.origin,))


@remember(size=4096)
def _application_cluster(guard: Guard, binding: Binding) -> Resource:
    return clusters.application_cluster(binding, guard)


def _forward(mesh: Mesh, caller: Caller, forward: Forward, seen: Scope | None) -> tuple[Resource, ...]:
    """A local port for a TCP or UDP service; if it may not be called, without a cluster: connections are closed."""
    service = mesh.services.get(forward.service)
    is_udp = forward.protocol is Protocol.UDP
    port = service.port(forward.port, is_udp=is_udp) if service else None
    if service is None or port is None or not scope.reaches(caller.name, service, port, seen):
        return (listeners.forward(mesh.settings, forward),)
    sets = _rules(mesh, service, service.full_hosts[0], caller, port.number)
    others = _backends(mesh, sets, service.name)
    known = {each.name: each for each in (*others, service)}
    called = (service.name, port.number)
    to = Destinations(known, _denied(caller, others), called, caller, mesh.settings.root_namespace)
    own = Backend(service=service.name, port=port.number, origin=service.origin, is_udp=is_udp)
    rules = streams.compile_streams(sets, Vantage(ports=(port.number,), is_decided=True), to)
    listener = listeners.forward(mesh.settings, forward, (*rules, streams.passed_on((own,), to)))
    used = [own, *chain.from_iterable(map(stream_backends, sets))]
    return (listener, *hosts.cluster_resources(used, to, mesh.settings.trust_domain))


def _add_inbound(
    mesh: Mesh,
    guard: Guard,
    instance: Instance,
    heard: dict[str, Resource],
    found: dict[str, Resource],
    filters: dict[str, Resource],
) -> None:
    """The ports of the application, and the clusters of whom its proxy asks about calls to it."""
    asked = consulted.consulted(mesh, guard, Caller.of(instance))
    found |= _by_name(*asked.clusters)
    for port, binding in inbound.served(guard, instance.bindings):
        heard |= _by_name(inbound.listener(guard, port, binding, mesh.settings, asked.names))
        filters |= _by_name(*inbound.filters(guard, port, binding, mesh.settings, asked.names))
        found |= _by_name(_application_cluster(guard, binding))


def _by_name(*resources: Resource) -> dict[str, Resource]:
    return {each.name: each for each in resources}
