"""Who answers for a host name, and who may ask: decides what a sidecar is given. Does not compile anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from tulle.envoy.references import referenced_services
from tulle.kit.memo import remember
from tulle.model.extensions import Scope
from tulle.model.hostnames import best, covers, subnets, wider, wildcards
from tulle.model.mesh import Mesh
from tulle.model.names import SERVICE_SUFFIX, SYSTEM_NAMESPACE, Name, full_host, host_names
from tulle.model.routes import RouteSet
from tulle.model.services import Port, Service
from tulle.model.workloads import Forward

HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])")
LONGEST_HOST = 255


@dataclass(frozen=True, slots=True)
class Target:
    """A port of a service of the mesh."""

    service: Service
    port: Port
    authority: str = ""
    """As asked for, in lower case, if that host is not the service's alone: it has it by a wildcard, or an address."""


@dataclass(frozen=True, slots=True)
class Virtual:
    """A host that no service has, and that rules are about."""

    authority: str
    """As asked for, in lower case."""
    host: str
    port: int | None


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


Resolution = Target | Virtual | Outside | Unknown
HTTP_PORT = 80
_ADDRESS_BEGINS = frozenset("[0123456789")


def host_key(host: str) -> Name:
    """What stands for a host among the names that something may depend on: services have namespaces."""
    return Name("", host)


def resolve(mesh: Mesh, namespace: str, authority: str, seen: Scope | None = None) -> Resolution:
    """Who answers for `Host: authority`, seen from a caller in `namespace` that may see no more than `seen` says."""
    lowered = authority.lower()
    split = _split(lowered)
    if split is None:
        return Unknown(lowered, "the Host header is not a host name")
    host, port = split
    name, pattern = _service_name(mesh, namespace, host, seen)
    service = mesh.services.get(name) if name is not None else None
    if service is not None and not is_exported(service.exports, service.name.namespace, namespace):
        return Unknown(lowered, f'service "{service.name}" is not exported to namespace "{namespace}"', name)
    if service is not None and not sees(seen, service, namespace):
        assert seen is not None
        return Unknown(lowered, f"{seen.origin.subject} does not let this workload see {service.name}", name)
    if service is not None and not pattern and service.hosts and full_host(service.name) not in service.hosts:
        return Unknown(lowered, f'service "{service.name.name}" is called {" or ".join(service.hosts)}', name)
    if service is None:
        pattern = best(host, mesh.host_routes) or ""
        if any(_sees_rules(seen, each, host, namespace) for each in mesh.host_routes.get(pattern, ())):
            return Virtual(lowered, host, port)
        if name is None:
            return Outside(lowered)
        return Unknown(lowered, f'there is no service "{name.name}" in namespace "{name.namespace}"', name)
    found = service.port(port) if port is not None else default_port(service)
    if found is None:
        return Unknown(lowered, _no_port(service, port), name)
    is_dotted = lowered.removesuffix(f":{port}").endswith(".")
    is_alone = not is_dotted and (not pattern or (pattern in service.hosts and "*" not in pattern))
    return Target(service, found, "" if is_alone else lowered)


def owner(
    services: Mapping[Name, Service], names: Iterable[Name], namespace: str, seen: Scope | None = None
) -> Service | None:
    """Of services with the same host, the one that a namespace means: its own, or else the first that it may see.

    None if it may see none of them: to that namespace they do not exist.
    """
    known = (service for name in names if (service := services.get(name)) is not None)
    shown = [each for each in known if is_exported(each.exports, each.name.namespace, namespace)]
    return min(
        shown,
        key=lambda each: (not sees(seen, each, namespace), each.name.namespace != namespace),
        default=None,
    )


def host_of(authority: str) -> str:
    """The host of an authority that resolves to something."""
    split = _split(authority.lower())
    return split[0] if split is not None else ""


def default_port(service: Service) -> Port | None:
    """The port that is called where none is written: that of HTTP, or the first one."""
    return service.port(HTTP_PORT) or service.port()


def is_exported(exports: tuple[str, ...], own: str, namespace: str) -> bool:
    """Whether something that belongs to the namespace `own` is for workloads of `namespace` (Istio `exportTo`)."""
    return "*" in exports or namespace in exports or (own == namespace and "." in exports)


def sees(scope: Scope | None, service: Service, namespace: str) -> bool:
    """Whether a caller in `namespace` may see a service (Istio Sidecar `egress`)."""
    if scope is None or scope.hosts is None or service.name.namespace == SYSTEM_NAMESPACE:
        return True
    return any(
        (space == "*" or service.name.namespace == (namespace if space == "." else space))
        and any(covers(pattern, each) for each in service.full_hosts)
        for space, pattern in scope.hosts
    )


def _sees_rules(scope: Scope | None, rules: RouteSet, host: str, namespace: str) -> bool:
    """The same for rules of a host that no service has."""
    if scope is None or scope.hosts is None:
        return True
    return any(
        (space == "*" or rules.name.namespace == (namespace if space == "." else space)) and covers(pattern, host)
        for space, pattern in scope.hosts
    )


def dependencies(mesh: Mesh, namespace: str, authority: str) -> frozenset[Name]:
    """What may change what this authority compiles to: its host, its service, the backends and mirrors of its rules."""
    lowered = authority.lower()
    split = _split(lowered)
    if split is None:
        return frozenset()
    places = tuple(_places(split[0]))
    keys = frozenset(map(host_key, places))
    match resolve(mesh, namespace, authority):
        case Target(service, _):
            # Those that share a host with it may be meant instead, where a caller does not see it.
            others = (mesh.services.get(name) for place in places for name in mesh.hosts.get(place, ()))
            services = dict.fromkeys((service, *(each for each in others if each is not None)))
            sets = chain.from_iterable(rules(mesh, each, split[0]) for each in services)
            return keys.union((each.name for each in services), *map(referenced_services, sets))
        case Virtual(_, host):
            return keys.union(*map(referenced_services, rules(mesh, None, host)))
        case Unknown(_, _, Name() as name):
            return keys | {name}
        case _:
            return keys


def forward_dependencies(mesh: Mesh, forward: Forward) -> frozenset[Name]:
    """The same for a local port."""
    service = mesh.services.get(forward.service)
    if service is None:
        return frozenset((forward.service,))
    keys = chain.from_iterable(map(wider, service.full_hosts))
    sets = rules(mesh, service, service.full_hosts[0])
    return frozenset((service.name, *map(host_key, keys))).union(*map(referenced_services, sets))


def is_outside(mesh: Mesh, namespace: str, authority: str) -> bool:
    """Whether nobody in the mesh has this host: a new service may be what was meant."""
    return isinstance(resolve(mesh, namespace, authority), Outside | Virtual)


def rules(mesh: Mesh, service: Service | None, host: str) -> tuple[RouteSet, ...]:
    """The rules for calls to a host, those for the very host before those for wildcards."""
    own = mesh.service_routes.get(service.name, ()) if service is not None else ()
    if not mesh.host_routes:
        return own
    names = dict.fromkeys((host, *(service.full_hosts if service is not None else ())))
    keys = dict.fromkeys((*names, *(pattern for each in names for pattern in wildcards(each))))
    found = (mesh.host_routes[key] for key in keys if key in mesh.host_routes)
    return tuple(dict.fromkeys((*own, *(each for group in found for each in group))))


def domains(service: Service, port: Port, namespace: str) -> tuple[str, ...]:
    """Every `Host` by which a caller in `namespace` means this port; without a number it is the default port."""
    own = tuple(host.lower() for host in service.full_hosts if "*" not in host)
    # Who is known in the cluster domain has its short names, too.
    short = host_names(service.name, namespace) if full_host(service.name) in own else ()
    names = tuple(dict.fromkeys((*short, *own)))
    numbered = tuple(f"{host}:{port.number}" for host in names)
    return names + numbered if default_port(service) is port else numbered


def may_call(caller: Name, service: Service, port: Port | None = None) -> bool:
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


def reaches(caller: Name, service: Service, port: Port, seen: Scope | None) -> bool:
    """Whether calls of an account to a port of a service can be of use: it may call it, and knows of it."""
    return (
        may_call(caller, service, port)
        and is_exported(service.exports, service.name.namespace, caller.namespace)
        and sees(seen, service, caller.namespace)
    )


def is_authority(text: str) -> bool:
    """Whether this can stand in a `Host` header: a host name or address, with a port or without."""
    return _split(text) is not None


def _split(authority: str) -> tuple[str, int | None] | None:
    """Host and port; None if this is no authority (RFC 3986 §3.2, without user information).

    A name that ends with a dot is the same, and complete (RFC 1034 §3.1).
    """
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        host, port = authority, ""
    if len(host) > LONGEST_HOST or not HOST.fullmatch(host):
        return None
    host = host.removesuffix(".")
    if not colon or authority.endswith("]"):
        return host, None
    if not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        return None
    return host, int(port)


def _service_name(mesh: Mesh, namespace: str, host: str, seen: Scope | None) -> tuple[Name | None, str]:
    """The service that a host name means, whether or not it exists; and its host, wildcard or subnet that fits.

    Empty, if it is meant by its name in the mesh.
    """
    if not mesh.hosts:
        return _mesh_name(mesh, namespace, host), ""
    meant = _mesh_name(mesh, namespace, host)
    service = mesh.services.get(meant) if meant is not None else None
    if service is not None and not service.hosts:
        # Nobody takes the names of the mesh from the service that has them, whatever hosts a document claims.
        return meant, ""
    for place in _places(host):
        found = owner(mesh.services, mesh.hosts.get(place, ()), namespace, seen)
        if found is not None:
            return found.name, place
    return meant, ""


def _places(host: str) -> Iterator[str]:
    """Under what the service of a host may be known: an address by every subnet, a name by every wildcard."""
    if host[:1] in _ADDRESS_BEGINS:
        yield from subnets(host.strip("[]"))
    yield from wider(host)


def _mesh_name(mesh: Mesh, namespace: str, host: str) -> Name | None:
    """The service that a host is a name of within the mesh, whether or not it exists."""
    if host == "localhost" or host.startswith("["):
        return None
    for suffix in (SERVICE_SUFFIX, ".svc"):
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
