"""Mesh to snapshots: what one sidecar, what the gateway, what one cluster should have. Reads like a table of contents.

Equal inputs give the identical `Resource` objects, so that whoever publishes compares by identity.
"""

from __future__ import annotations

from weakref import ref

from tulle.envoy import clusters, endpoints, gateway, hosts, listeners, mesh_secrets, naming, scope, treatments
from tulle.envoy.actions import Destinations
from tulle.envoy.callers import Caller
from tulle.envoy.gateway_hosts import lazy_routes
from tulle.envoy.references import referenced_services
from tulle.envoy.scope import Outside, Target
from tulle.kit.memo import remember
from tulle.model.mesh import Mesh, Settings
from tulle.model.routes import Backend
from tulle.model.services import Protocol, Service
from tulle.model.workloads import Binding, Forward, Instance
from tulle.xds.snapshot import CLUSTER, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource, Snapshot, encode

compile_endpoints = endpoints.compile_endpoints
compile_gateway = gateway.compile_gateway
secrets_for = mesh_secrets.secrets_for
dependencies = scope.dependencies
is_outside = scope.is_outside


def compile_sidecar(mesh: Mesh, instance: Instance, demand: frozenset[str]) -> Snapshot:
    """What the sidecar of an instance should have, given the authorities that its workload has asked for.

    No endpoints and no keys of its own. The work depends on the demand, not on the size of the mesh.
    """
    caller = Caller.of(instance)
    namespace = instance.service.namespace
    found: dict[str, Resource] = {}
    virtual_hosts = _by_name(hosts.placeholder(mesh.settings, namespace))
    for authority in sorted(demand):
        compiled = compile_authority(mesh, caller, authority)
        virtual_hosts[compiled.host.name] = compiled.host
        found.update((each.name, each) for each in compiled.clusters)
    heard: dict[str, Resource] = {}
    if instance.outbound:
        heard |= _by_name(
            listeners.outbound(mesh.settings, namespace, instance.outbound), listeners.connect(mesh.settings, namespace)
        )
    for forward in instance.forwards:
        _add_forward(mesh, caller, forward, heard, found)
    service = mesh.services.get(instance.service)
    if service is not None:
        for binding in instance.bindings:
            _add_inbound(mesh, service, binding, heard, found)
    routes = _by_name(_outbound_routes(mesh.settings, namespace))
    secrets = secrets_for(mesh, mesh_secrets.needed(found.values()))
    return Snapshot({SECRET: secrets, CLUSTER: found, LISTENER: heard, ROUTE: routes, VIRTUAL_HOST: virtual_hosts})


def compile_authority(mesh: Mesh, caller: Caller, authority: str) -> hosts.Compiled:
    """The virtual host that answers for one authority, and the clusters that it needs."""
    match scope.resolve(mesh, caller.namespace, authority):
        case Target(service, port):
            sets = mesh.service_routes.get(service.name, ())
            names = sorted(frozenset().union(*map(referenced_services, sets)) - {service.name})
            backends = [mesh.services[name] for name in names if name in mesh.services]
            denied = frozenset(each.name for each in backends if not scope.may_call(mesh, caller.name, each))
            if not scope.may_call(mesh, caller.name, service, port):
                denied |= {service.name}
            weak = tuple(map(ref, backends))
            seen = treatments.seen(caller, (service, *backends))
            return hosts.service_host(service, port, seen, sets, weak, denied, mesh.settings)
        case Outside(host):
            return hosts.outside_host(mesh.settings, caller.namespace, host)
        case unknown:
            return hosts.unknown_host(mesh.settings, caller.namespace, unknown.authority, unknown.reason)


@remember(size=1024)
def _outbound_routes(settings: Settings, namespace: str) -> Resource:
    name = naming.outbound_routes(namespace)
    return encode(name, lazy_routes(name), origins=(settings.origin,))


@remember(size=4096)
def _application_cluster(service: Service, binding: Binding) -> Resource:
    return clusters.application_cluster(binding, service)


def _add_forward(
    mesh: Mesh, caller: Caller, forward: Forward, heard: dict[str, Resource], found: dict[str, Resource]
) -> None:
    """A local port for a TCP or UDP service; if it may not be called, without a cluster: connections are closed."""
    if not forward.address:
        return
    heard |= _by_name(listeners.forward(mesh.settings, forward))
    service = mesh.services.get(forward.service)
    port = service.port(forward.port) if service else None
    if service is not None and port is not None and scope.may_call(mesh, caller.name, service, port):
        to = Destinations({service.name: service}, caller=caller, root_namespace=mesh.settings.root_namespace)
        backend = Backend(service=service.name, port=port.number, origin=service.origin)
        found |= _by_name(*hosts.cluster_resources([backend], to, mesh.settings.trust_domain))


def _add_inbound(
    mesh: Mesh, service: Service, binding: Binding, heard: dict[str, Resource], found: dict[str, Resource]
) -> None:
    port = next((each for each in service.ports if each.name == binding.name), None)
    if port is None or port.protocol is Protocol.UDP:
        return
    heard |= _by_name(listeners.inbound(service, port, binding, mesh.settings))
    found |= _by_name(_application_cluster(service, binding))


def _by_name(*resources: Resource) -> dict[str, Resource]:
    return {each.name: each for each in resources}
