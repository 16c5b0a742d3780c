"""Names of Envoy resources. They derive from identities, never from positions, and none can be a host name."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from tulle.model.listeners import Listener
from tulle.model.names import Name
from tulle.model.services import Port, Service

OUTSIDE = "outside"
"""Cluster of all hosts that are outside the mesh."""
CONNECT = "connect"
"""Cluster and internal listener that look at the requests within a CONNECT tunnel."""
OUTBOUND = "outbound"
"""Listener that takes the calls of the application."""
REASON_HEADER = "x-tulle-reason"
"""Says in a sentence why a proxy answered itself."""
UNSENT_HEADER = "x-tulle-unsent"
"""Between proxies only: the application has not seen the request, so that another instance may be asked."""
LOST_HEADER = "x-tulle-lost"
"""Between proxies only: the application broke off before it answered; it may have seen the request."""
INTERNAL_HEADERS = (UNSENT_HEADER, LOST_HEADER)
PLACEHOLDER = "placeholder"
WORKLOAD_SECRET = "workload"
TRUST_SECRET = "trust"


class ClusterName(NamedTuple):
    """What the name of an outbound cluster says."""

    service: Name
    port: int
    subset: str


NOTHING = ClusterName(Name("", ""), 0, "")
"""What any other name says: no service is called so."""


def cluster(service: Name, port: int, subset: str | None = None) -> str:
    """Name of the cluster (and of its load assignment) for one port of a service, or of one of its subsets."""
    return f"outbound|{port}|{subset or ''}|{service}"


@lru_cache(1024)
def parse_cluster(name: str) -> ClusterName:
    """What the name of an outbound cluster says; `NOTHING` for any other name, whoever made it up."""
    parts = name.split("|")
    if len(parts) != 4 or parts[0] != "outbound" or not (parts[1].isascii() and parts[1].isdecimal()):
        return NOTHING
    return ClusterName(Name.parse(parts[3]), int(parts[1]), parts[2])


def spoken(service: Name, port: int, subset: str) -> str:
    """What people call a cluster: `catalogue.default:8000`, `catalogue.default:8000/v2`."""
    return f"{service}:{port}/{subset}" if subset else f"{service}:{port}"


def inbound(port_name: str) -> str:
    """Listener of a sidecar for one port, and the cluster of the application behind it."""
    return f"inbound|{port_name}"


def forward(service: Name, port: int) -> str:
    """Listener of a sidecar that offers a TCP or UDP service on a local port."""
    return f"forward|{port}|{service}"


def outbound_routes(namespace: str) -> str:
    """Route configuration of the sidecars of one namespace."""
    return f"outbound.{namespace}"


def gateway_routes(listener: str) -> str:
    """Route configuration of one listener of the gateway."""
    return f"gateway.{listener}"


def gateway_listener(listener: Listener) -> str:
    """Name of a listener of the gateway, as routes refer to it."""
    return listener.name.name


def virtual_host(routes: str, host: str) -> str:
    """A virtual host within a route configuration: also how Envoy asks for it by `Host` (VHDS)."""
    return f"{routes}/{host}"


def service_host(namespace: str, service: Service, port: Port) -> str:
    """Virtual host of one port of a service, as callers of a namespace see it."""
    return virtual_host(outbound_routes(namespace), f"{service.name}:{port.number}")


def certificate(certificate_file: str, key_file: str) -> str:
    """Secret of a certificate in files on the host of the gateway."""
    return f"certificate|{certificate_file}|{key_file}"


def client_ca(file: str) -> str:
    """Secret of the authority of the clients of a gateway listener."""
    return f"client-ca|{file}"


def issuer(scheme: str, authority: str) -> str:
    """Cluster of a server outside the mesh that has the keys of an issuer of tokens."""
    return f"issuer|{scheme}|{authority}"
