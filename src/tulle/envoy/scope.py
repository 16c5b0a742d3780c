"""Who answers for a host name, and who may ask: decides what a sidecar is given. Does not compile anything."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tulle.envoy.references import referenced_services
from tulle.kit.memo import remember
from tulle.model.mesh import Mesh
from tulle.model.names import CLUSTER_DOMAIN, Name, host_names
from tulle.model.services import Port, Service

HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])")
LONGEST_HOST = 255


@dataclass(frozen=True, slots=True)
class Target:
    """A port of a service of the mesh."""

    service: Service
    port: Port


@dataclass(frozen=True, slots=True)
class Outside:
    """A host that the mesh does not know."""

    authority: str
    """As asked for, in lower case."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that looks like a service of the mesh, or like nothing at all."""

    authority: str
    reason: str
    """Why nobody answers, in a sentence."""
    name: Name | None = None
    """The service that would have to change for an answer."""


Resolution = Target | Outside | Unknown


def resolve(mesh: Mesh, namespace: str, authority: str) -> Resolution:
    """Who answers for `Host: authority`, seen from a caller in `namespace`."""
    lowered = authority.lower()
    split = _split(lowered)
    if split is None:
        return Unknown(lowered, "the Host header is not a host name")
    host, port = split
    name = _service_name(mesh, namespace, host)
    if name is None:
        return Outside(lowered)
    service = mesh.services.get(name)
    if service is None:
        return Unknown(lowered, f'there is no service "{name.name}" in namespace "{name.namespace}"', name)
    found = service.port(port)
    if found is None:
        return Unknown(lowered, _no_port(service, port), name)
    return Target(service, found)


def dependencies(mesh: Mesh, namespace: str, authority: str) -> frozenset[Name]:
    """The services whose change may change what this authority compiles to: itself, its backends and mirrors."""
    match resolve(mesh, namespace, authority):
        case Target(service, _):
            sets = mesh.service_routes.get(service.name, ())
            return frozenset((service.name,)).union(*map(referenced_services, sets))
        case Unknown(_, _, Name() as name):
            return frozenset((name,))
        case _:
            return frozenset()


def domains(service: Service, port: Port, namespace: str) -> tuple[str, ...]:
    """Every `Host` by which a caller in `namespace` means this port; without a number it is the first port."""
    names = tuple(host.lower() for host in host_names(service.name, namespace))
    numbered = tuple(f"{host}:{port.number}" for host in names)
    return names + numbered if service.ports[0] is port else numbered


def may_call(mesh: Mesh, caller: Name, service: Service, port: Port | None = None) -> bool:
    """Whether any rule could ever let this account call the service (on this port).

    What depends on methods and paths is decided by the proxy of the callee.
    """
    if service.allow is None:
        return True
    return any(
        (port is None or not rule.ports or port.number in rule.ports)
        and (not (rule.callers or rule.namespaces) or caller in rule.callers or caller.namespace in rule.namespaces)
        for rule in service.allow
    )


def is_authority(text: str) -> bool:
    """Whether this can stand in a `Host` header: a host name or address, with a port or without."""
    return _split(text) is not None


def _split(authority: str) -> tuple[str, int | None] | None:
    """Host and port; None if this is no authority (RFC 3986 §3.2, without user information)."""
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, ""
    if len(host) > LONGEST_HOST or not HOST.fullmatch(host):
        return None
    if not colon or authority.endswith("]"):
        return host, None
    if not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        return None
    return host, int(port)


def _service_name(mesh: Mesh, namespace: str, host: str) -> Name | None:
    """The service that a host name means, whether or not it exists; None for hosts outside."""
    if host == "localhost" or host.startswith("["):
        return None
    for suffix in (f".svc.{CLUSTER_DOMAIN}", ".svc"):
        if host.endswith(suffix):
            return Name.parse(host.removesuffix(suffix), namespace)
    if "." not in host:
        return Name(namespace, host)
    name = Name.parse(host)
    return name if name.namespace in _namespaces(mesh) else None


@remember(size=1)
def _namespaces(mesh: Mesh) -> frozenset[str]:
    return frozenset(name.namespace for name in mesh.services)


def _no_port(service: Service, port: int | None) -> str:
    known = ", ".join(str(each.number) for each in service.ports) or "none"
    wanted = "port" if port is None else f"port {port}; it has {known}"
    return f'service "{service.name.name}" has no {wanted}'
