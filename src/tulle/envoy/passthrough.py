"""Clusters for TLS that is only passed on, by the server name of the connection: the caller has encrypted already."""

from __future__ import annotations

from collections.abc import Iterator

from tulle.envoy import balancing, naming, treatments
from tulle.envoy.attempts import attempt
from tulle.envoy.callers import Caller
from tulle.envoy.clusters import find_endpoints
from tulle.envoy.scope import may_call
from tulle.envoy.treatments import Treatment
from tulle.kit.memo import remember
from tulle.model.hostnames import covers
from tulle.model.mesh import Mesh
from tulle.model.services import Port, Resolution, Service
from tulle.xds.snapshot import CLUSTER, Resource, encode


def clusters(mesh: Mesh, hosts: tuple[str, ...]) -> tuple[Resource, ...]:
    """A cluster for every port and version of a service of the mesh that one of the hosts means."""
    caller, root = Caller.gateway(mesh.settings), mesh.settings.root_namespace
    return tuple(
        _cluster(service, port, subset, treated)
        for service in mesh.services.values()
        if service.resolution is Resolution.ENDPOINTS and may_call(caller.name, service)
        for port, subset in _parts(service, caller, root)
        if any(covers(host, naming.passthrough(service.name, port.number, subset)) for host in hosts)
        and (treated := treatments.treatment(service, port, subset, caller, root)) is not None
    )


def _parts(service: Service, caller: Caller, root_namespace: str) -> Iterator[tuple[Port, str]]:
    told = treatments.destinations(service, caller, root_namespace)
    subsets = (*service.subsets, *(subset for each in told for subset in each.subsets))
    names = dict.fromkeys(("", *(each.name for each in subsets)))
    for port in service.ports:
        for subset in names:
            yield port, subset


@remember(size=64)
def _cluster(service: Service, port: Port, subset: str, treated: Treatment) -> Resource:
    name = naming.passthrough(service.name, port.number, subset)
    return attempt(CLUSTER, name, (service.origin,), lambda: _compiled(name, service, port, subset, treated))


def _compiled(name: str, service: Service, port: Port, subset: str, treated: Treatment) -> Resource:
    cluster = balancing.shaped(treated.policy)
    cluster.name = name
    cluster.alt_stat_name = naming.spoken(service.name, port.number, subset)
    assignment = find_endpoints(service, port, treated, cluster)
    return encode(name, cluster, endpoints_name=assignment, origins=(service.origin,))
