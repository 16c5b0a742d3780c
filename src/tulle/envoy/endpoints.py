"""Load assignments: which places answer for a cluster. On a path of their own, so that they never touch a route."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3 import base_pb2, health_check_pb2
from envoy.config.endpoint.v3 import endpoint_pb2

from tulle.envoy import endpoint_views, protos
from tulle.envoy.attempts import attempt
from tulle.envoy.endpoint_views import Pairs, Preference
from tulle.envoy.localities import NOWHERE, Group, grouped
from tulle.envoy.meshing import Meshing, meshing
from tulle.model import hostnames
from tulle.model.services import Endpoint, Port, Protocol, Service
from tulle.xds.snapshot import ENDPOINT, Resource, encode

WHOLE = 1_000_000
"""Percent of what is needed that each endpoint could bear, so that one is enough."""
NOBODY: tuple[Endpoint, ...] = ()
MATCHED = "envoy.transport_socket_match"
"""Where Envoy looks for what decides between the transport sockets of a cluster."""
WRITTEN, URL = "tulle.written", "url"
"""Metadata of endpoints, and key there: what logs call them."""
PLAIN = "plain"
"""Key there: `yes` on endpoints before which no sidecar stands, in clusters where not all are so.

These are marked and not the others, because a cluster and its endpoints change one after the other: meanwhile whoever
is not marked is called by mutual TLS, as before or as later.
"""


def compile_endpoints(service: Service, name: str, endpoints: tuple[Endpoint, ...]) -> Resource:
    """The load assignment of a view, by its name: of the endpoints of its service those that fit."""
    return attempt(ENDPOINT, name, (service.origin,), lambda: _compiled(service, name, endpoints))


def _compiled(service: Service, name: str, endpoints: tuple[Endpoint, ...]) -> Resource:
    view = endpoint_views.parse(name)
    port = service.port(view.port, is_udp=view.is_udp)
    # A host name would make Envoy refuse all of them.
    places = tuple(each for each in endpoints if is_address(each.address))
    check = service.policy.health_check
    fitting = select(port, view.labels, places) if port else NOBODY
    assignment = load_assignment(
        name,
        fitting,
        preference=view.preference,
        is_udp=bool(port and port.protocol is Protocol.UDP),
        is_mixed=bool(port and meshing(service, port) is Meshing.SOME),
        checked_port=check.port if check else 0,
        is_whole=service.policy.load_balancing.stays_while_any_is_well,
    )
    return encode(name, assignment, origins=(service.origin,))


def is_address(text: str) -> bool:
    """Whether this is an IP address or the path of a Unix socket, not a name to be resolved."""
    return text.startswith("/") or hostnames.is_address(text)


def select(port: Port, labels: Pairs, endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """The endpoints that serve this port, carry all of these labels, and may be called."""
    wanted = frozenset(labels)
    return tuple(
        each
        for each in endpoints
        if each.port_name in {"", port.name} and wanted.issubset(each.labels) and each.weight and each.is_ready
    )


def load_assignment(
    name: str,
    endpoints: tuple[Endpoint, ...],
    *,
    preference: Preference | None = None,
    is_udp: bool = False,
    is_mixed: bool = False,
    checked_port: int = 0,
    is_whole: bool = False,
) -> endpoint_pb2.ClusterLoadAssignment:
    """The message; endpoints in a stable order, so that equal sets have equal bytes.

    `checked_port` is where checks go instead of the port of each endpoint (0). `is_whole`: no request goes to another
    cluster as long as a single endpoint is well.
    """
    message = endpoint_pb2.ClusterLoadAssignment(cluster_name=name)
    if is_whole:
        message.policy.overprovisioning_factor.value = WHOLE
    if not endpoints:
        return message
    are_weighted = any(each.weight != 1 for each in endpoints)
    # If all are about to end, they are still better than nobody.
    are_drained = any(each.is_draining for each in endpoints) and not all(each.is_draining for each in endpoints)
    for group in grouped(endpoints, preference) if preference else (Group(endpoints),):
        part = message.endpoints.add()
        if group.locality != NOWHERE:
            place = group.locality
            part.locality.CopyFrom(base_pb2.Locality(region=place.region, zone=place.zone, sub_zone=place.subzone))
        if group.weight:
            part.load_balancing_weight.value = group.weight
        part.priority = group.priority
        # There are very many of them: filled in where they are, as messages within messages would be copied.
        add = part.lb_endpoints.add
        for endpoint in sorted(group.endpoints, key=lambda each: (each.address, each.port, each.labels)):
            entry = add()
            protos.fill_address(entry.endpoint.address, endpoint.address, endpoint.port, is_udp=is_udp)
            if endpoint.hostname:
                entry.endpoint.hostname = endpoint.hostname
            if checked_port:
                entry.endpoint.health_check_config.port_value = checked_port
            if are_weighted:
                entry.load_balancing_weight.value = endpoint.weight
            if are_drained and endpoint.is_draining:
                entry.health_status = health_check_pb2.DRAINING
            if is_mixed and not endpoint.is_meshed:
                entry.metadata.filter_metadata[MATCHED].update({PLAIN: "yes"})
            if endpoint.url:
                entry.metadata.filter_metadata[WRITTEN].update({URL: endpoint.url})
    return message
