"""Load assignments: which places answer for a cluster. On a path of their own, so that they never touch a route."""

from __future__ import annotations

from envoy.config.endpoint.v3 import endpoint_pb2

from tulle.envoy import naming, protos
from tulle.model.services import Endpoint, Port, Protocol, Service
from tulle.xds.snapshot import Resource, encode

NOWHERE: tuple[Endpoint, ...] = ()


def compile_endpoints(service: Service, cluster: str, endpoints: tuple[Endpoint, ...]) -> Resource:
    """The load assignment of one cluster: of the endpoints of its service those that fit its port and subset."""
    name = naming.parse_cluster(cluster)
    port = service.port(name.port)
    fitting = select(service, port, name.subset, endpoints) if port else NOWHERE
    assignment = load_assignment(cluster, fitting, is_udp=bool(port and port.protocol is Protocol.UDP))
    return encode(cluster, assignment, origins=(service.origin,))


def select(service: Service, port: Port, subset: str, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """The endpoints that serve this port and carry all labels of the subset."""
    labels: frozenset[tuple[str, str]] = frozenset()
    if subset:
        found = service.subset(subset)
        if found is None:
            return NOWHERE
        labels = frozenset(found.labels)
    return tuple(
        each for each in endpoints if each.port_name in {"", port.name} and labels.issubset(each.labels) and each.weight
    )


def load_assignment(
    cluster: str, endpoints: tuple[Endpoint, ...], *, is_udp: bool = False
) -> endpoint_pb2.ClusterLoadAssignment:
    """The message; endpoints in a stable order, so that equal sets have equal bytes."""
    message = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster)
    if not endpoints:
        return message
    are_weighted = any(each.weight != 1 for each in endpoints)
    # There are very many of them: filled in where they are, as messages within messages would be copied.
    add = message.endpoints.add().lb_endpoints.add
    for endpoint in sorted(endpoints, key=lambda each: (each.address, each.port, each.labels)):
        place = add()
        protos.fill_address(place.endpoint.address, endpoint.address, endpoint.port, is_udp=is_udp)
        if are_weighted:
            place.load_balancing_weight.value = endpoint.weight
    return message
