"""Names of Envoy resources. They derive from identities, never from positions, and none can be a host name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tulle.model.names import SERVICE_SUFFIX, Name
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
UDP = "/udp"
"""Follows the numbers of ports of UDP, which may be those of TCP too."""
SHOWN = "+"
"""Stands before the secret that is shown to a service; no subset has it in its name."""
SLOT = "@"
"""Stands in the names of slots of filters, before the listener that they are of."""
INTERNAL_HEADERS = (UNSENT_HEADER, LOST_HEADER)
PLACEHOLDER = "placeholder"
WORKLOAD_SECRET = "workload"
TRUST_SECRET = "trust"
FAILOVER, INSTEAD = "failover|", "instead|"
"""How the names of clusters of clusters begin: those that say it in their own word when nobody is left, and others."""
SYSTEM_CA = "system-ca"
"""Secret of the authorities that the host of a proxy trusts, wherever it keeps them."""
SECRET, SECRET_CA, CONFIG_MAP_CA = "secret|", "secret-ca|", "config-map-ca|"
SIGN_IN, SEAL = "secret-sign-in|", "secret-seal|"
"""How the names of secrets begin that come from the mesh."""


class ClusterName(NamedTuple):
    """What the name of an outbound cluster says."""

    service: Name
    port: int
    subset: str


NOTHING = ClusterName(Name("", ""), 0, "")
"""What any other name says: no service is called so."""


def cluster(
    service: Name, port: int, subset: str | None = None, *, is_udp: bool = False, shown: Name | None = None
) -> str:
    """Name of the cluster for one port of a service, or of one of its subsets.

    Gateways that show a certificate of their own (`shown`, a secret) have clusters of their own.
    """
    return f"outbound|{port}{UDP if is_udp else ''}|{chosen(subset, shown)}|{service}"


def standing_in(clusters: Iterable[str], *, is_failover: bool) -> str:
    """Cluster of several clusters, each of which stands in for those before it."""
    return (FAILOVER if is_failover else INSTEAD) + "+".join(clusters)


def chosen(subset: str | None, shown: Name | None) -> str:
    """What tells a cluster from the others of its port: a subset, and the certificate that is shown."""
    return f"{subset or ''}{SHOWN}{shown.namespace}/{shown.name}" if shown is not None else subset or ""


@lru_cache(1024)
def parse_cluster(name: str) -> ClusterName:
    """What the name of an outbound cluster says; `NOTHING` for any other name, whoever made it up."""
    is_passthrough = name.startswith("outbound_.") and name.endswith(SERVICE_SUFFIX)
    parts = name.removesuffix(SERVICE_SUFFIX).split("_.") if is_passthrough else name.split("|")
    number = parts[1].removesuffix(UDP) if len(parts) == 4 else ""
    if len(parts) != 4 or parts[0] != "outbound" or not (number.isascii() and number.isdecimal()):
        return NOTHING
    return ClusterName(Name.written(parts[3]), int(number), parts[2].partition(SHOWN)[0])


def spoken(service: Name, port: int, subset: str) -> str:
    """What people call a cluster: `catalogue.default:8000`, `catalogue.default:8000/v2`."""
    return f"{service}:{port}/{subset}" if subset else f"{service}:{port}"


def inbound(port_name: str) -> str:
    """Listener of a sidecar for one port, and the cluster of the application behind it."""
    return f"inbound|{port_name}"


def slot(filters: str, owner: str) -> str:
    """A place for filters in the chain of a listener, and what is delivered for it."""
    return f"{filters}{SLOT}{owner}"


def listener_of(slot: str) -> str:
    """The listener in which a slot stands."""
    owner = slot.rpartition(SLOT)[2]
    return "|".join(owner.split("|")[:2])


def forward(service: Name, port: int, *, is_udp: bool = False) -> str:
    """Listener of a sidecar that offers a TCP or UDP service on a local port."""
    return f"forward|{port}{UDP if is_udp else ''}|{service}"


def outbound_routes(namespace: str) -> str:
    """Route configuration of the sidecars of one namespace."""
    return f"outbound.{namespace}"


def socket(address: str, port: int, *, is_udp: bool = False) -> str:
    """An address and port of the gateway; TCP and UDP have ports of their own."""
    host = f"[{address}]" if ":" in address else address
    return f"{host}:{port}/udp" if is_udp else f"{host}:{port}"


def gateway_listener(socket: str) -> str:
    """Envoy's listener on a socket of the gateway, whoever may share it."""
    return f"gateway|{socket}"


def counted(owner: str) -> str:
    """Listener and cluster for connections that are counted, by whose they are."""
    return f"counted|{owner}"


def gateway_routes(socket: str, listener: str = "") -> str:
    """Route configuration of the plain HTTP listeners that share a socket, or of one listener with TLS."""
    # Envoy takes everything before the last slash of a virtual host for the name of its route configuration.
    return f"gateway.{socket}|{listener.replace('/', '|')}" if listener else f"gateway.{socket}"


def virtual_host(routes: str, host: str) -> str:
    """A virtual host within a route configuration: also how Envoy asks for it by `Host` (VHDS)."""
    return f"{routes}/{host}"


def service_host(namespace: str, service: Service, port: Port) -> str:
    """Virtual host of one port of a service, as callers of a namespace see it."""
    return virtual_host(outbound_routes(namespace), f"{service.name}:{port.number}")


def certificate(certificate_file: str, key_file: str) -> str:
    """Secret of a certificate in files on the host of a proxy."""
    return f"certificate|{certificate_file}|{key_file}"


def client_ca(file: str, revoked: str = "") -> str:
    """Secret of the authority in a file, and of what it revoked: of clients of the gateway, or of servers outside."""
    return f"client-ca|{file}|{revoked}" if revoked else f"client-ca|{file}"


def client_cas(files: Iterable[str]) -> str:
    """Secret of the authorities in several files."""
    return "client-cas|" + "|".join(files)


def issuer(scheme: str, authority: str) -> str:
    """Cluster of a server outside the mesh that has the keys of an issuer of tokens."""
    return f"issuer|{scheme}|{authority}"


def secret(name: Name) -> str:
    """Certificate and key of a secret of the mesh (`tls.crt`, `tls.key`)."""
    return f"{SECRET}{name.namespace}/{name.name}"


def secret_ca(name: Name) -> str:
    """Authorities of a secret of the mesh (`ca.crt`)."""
    return f"{SECRET_CA}{name.namespace}/{name.name}"


def config_map_ca(name: Name) -> str:
    """Authorities in a ConfigMap (`ca.crt`)."""
    return f"{CONFIG_MAP_CA}{name.namespace}/{name.name}"


def sign_in(name: Name) -> str:
    """By which an OpenID provider knows a gateway."""
    return f"{SIGN_IN}{name.namespace}/{name.name}"


def seal(name: Name) -> str:
    """By which a gateway knows its cookies again."""
    return f"{SEAL}{name.namespace}/{name.name}"


def joined_ca(names: Iterable[str]) -> str:
    """The authorities of several secrets and ConfigMaps together."""
    return "+".join(names)


def is_mesh_secret(name: str) -> bool:
    """Whether a secret comes from the mesh; the others (keys of workloads, files) are the agent's own."""
    return name.startswith((SECRET, SECRET_CA, CONFIG_MAP_CA, SIGN_IN, SEAL))


def passthrough(service: Name, port: int, subset: str = "") -> str:
    """Cluster for connections whose TLS is not ended here: it is called as their server name is (Istio's form)."""
    return f"outbound_.{port}_.{subset}_.{service}{SERVICE_SUFFIX}"
