"""Issuers of tokens: where the keys are fetched from that tokens are verified by."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2

from tulle.envoy import balancing, client_tls, naming, protos
from tulle.kit.memo import remember
from tulle.model.mesh import Settings
from tulle.model.policies import ClientTls, Policy, TlsMode
from tulle.xds.snapshot import Resource, encode

PORTS = {"http": 80, "https": 443}
PUBLIC = ClientTls(mode=TlsMode.SIMPLE)
"""TLS with whoever proves to the authorities of the system that the host is theirs."""


class Place(NamedTuple):
    """Where keys are."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As a `Host` header says it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place(uri: str) -> Place | None:
    """The server of an address; None if it is none that keys could be fetched from."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname:
        return None
    return Place(parts.scheme, parts.hostname, port or PORTS[parts.scheme])


@remember(size=256)
def cluster(settings: Settings, where: Place) -> Resource:
    """A server outside the mesh."""
    name = naming.issuer(where.scheme, where.authority)
    message = balancing.shaped(Policy())
    message.name, message.type = name, cluster_pb2.Cluster.STRICT_DNS
    message.alt_stat_name = where.authority
    message.dns_lookup_family = cluster_pb2.Cluster.V4_PREFERRED
    message.load_assignment.cluster_name = name
    endpoint = endpoint_components_pb2.Endpoint(address=protos.socket_address(where.host, where.port))
    message.load_assignment.endpoints.add().lb_endpoints.add(endpoint=endpoint)
    if where.scheme == "https":
        message.transport_socket.CopyFrom(client_tls.originating(PUBLIC, where.host, ()))
    return encode(name, message, origins=(settings.origin,))
