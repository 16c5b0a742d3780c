"""Clusters for TLS that is only passed on, by the server name of the connection: the caller has encrypted already."""

from __future__ import annotations

from collections.abc import Iterator

from tulle.envoy import balancing, host_patterns, naming, protos
from tulle.envoy.scope import may_call
from tulle.kit.memo import remember
from tulle.model.mesh import Mesh
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.services import Port, Resolution, Service
from tulle.xds.snapshot import Resource, encode

CALLER = Name(SYSTEM_NAMESPACE, "gateway")


def clusters(mesh: Mesh, hosts: tuple[str, ...]) -> tuple[Resource, ...]:
    """A cluster for every port and version of a service of the mesh that one of the hosts means."""
    return tuple(
        _cluster(service, port, subset)
        for service in mesh.services.values()
        if service.resolution is Resolution.ENDPOINTS and may_call(mesh, CALLER, service)
        for port, subset in _parts(service)
        if any(host_patterns.covers(host, naming.passthrough(service.name, port.number, subset)) for host in hosts)
    )


def _parts(service: Service) -> Iterator[tuple[Port, str]]:
    for port in service.ports:
        for subset in ("", *(each.name for each in service.subsets)):
            yield port, subset


@remember(size=64)
def _cluster(service: Service, port: Port, subset: str) -> Resource:
    name = naming.passthrough(service.name, port.number, subset)
    part = service.subset(subset) if subset else None
    cluster = balancing.shaped(part.policy if part and part.policy else service.policy)
    cluster.name, cluster.type = name, cluster.EDS
    cluster.alt_stat_name = naming.spoken(service.name, port.number, subset)
    cluster.eds_cluster_config.eds_config.CopyFrom(protos.ads())
    return encode(name, cluster, endpoints_name=name, origins=(service.origin,))
