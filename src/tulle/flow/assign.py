"""Which host runs what. Pure: a mesh and the hosts that joined it in, assignments out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from zlib import crc32

from tulle.envoy.scope import is_exported, may_call
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.names import GATEWAY, Name
from tulle.model.services import Protocol, Service
from tulle.model.workloads import Assignment, Forward, GatewayAssignment, Workload


@dataclass(frozen=True, slots=True)
class HostPlan:
    """Everything that one host is to run."""

    workloads: tuple[Assignment, ...] = ()
    gateway: GatewayAssignment | None = None


def plan(mesh: Mesh, roles: Mapping[str, str]) -> dict[str, HostPlan]:
    """Spread the workloads and the gateway over the hosts.

    Args:
        mesh: the desired state.
        roles: host name → what its agent does: `sidecar` (workloads), `gateway`, or `host` (both).
    """
    runners = sorted(host for host, role in roles.items() if role in {"sidecar", "host"})
    gateways = {host for host, role in roles.items() if role in {"gateway", "host"}} if mesh.listeners else set()
    ports = tuple(chain.from_iterable(map(forwardable, mesh.services.values())))
    shares: dict[str, list[Assignment]] = {host: [] for host in roles}
    for workload in mesh.workloads.values():
        forwards = _forwards(mesh, workload, ports)
        for host, replicas in _spread(workload, runners).items():
            shares[host].append(_assignment(mesh, workload, replicas, forwards))
    settings = mesh.settings
    threads, environment = _proxy(mesh.gateway_guard, settings.gateway_concurrency)
    gateway = GatewayAssignment(
        name=GATEWAY, trust_domain=settings.trust_domain, concurrency=threads, proxy_environment=environment
    )
    return {host: HostPlan(tuple(shares[host]), gateway if host in gateways else None) for host in roles}


def _spread(workload: Workload, hosts: Sequence[str]) -> dict[str, int]:
    """Replicas per host, evenly; which hosts get one more depends on the name, so that small services spread too."""
    if not hosts:
        return {}
    first = crc32(str(workload.name).encode()) % len(hosts)
    share, rest = divmod(workload.replicas, len(hosts))
    return {hosts[(first + rank) % len(hosts)]: share + (rank < rest) for rank in range(len(hosts))}


def forwardable(service: Service) -> list[tuple[Service, int, Protocol]]:
    """Ports that cannot be reached by an HTTP proxy, so that callers need a local port for them."""
    return [(service, port.number, port.protocol) for port in service.ports if not port.protocol.is_http]


def _forwards(mesh: Mesh, workload: Workload, ports: tuple[tuple[Service, int, Protocol], ...]) -> tuple[Forward, ...]:
    caller = Name(workload.service.namespace, workload.account)
    return tuple(
        Forward(service=service.name, port=port, protocol=protocol)
        for service, port, protocol in ports
        if service.name != workload.service
        and (workload.calls is None or service.name in workload.calls)
        and may_call(caller, service)
        and is_exported(service.exports, service.name.namespace, caller.namespace)
    )


def _proxy(guard: Guard | None, threads: int) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Worker threads and variables of a proxy; of its settings the narrowest say most."""
    environment: dict[str, str] = {}
    for each in guard.proxy if guard is not None else ():
        threads = threads if each.concurrency is None else each.concurrency
        environment |= dict(each.environment)
    return threads, tuple(sorted(environment.items()))


def _assignment(mesh: Mesh, workload: Workload, replicas: int, forwards: tuple[Forward, ...]) -> Assignment:
    threads, environment = _proxy(mesh.guards.get(workload.name), mesh.settings.sidecar_concurrency)
    return Assignment(
        name=workload.name,
        service=workload.service,
        version=workload.version,
        account=workload.account,
        labels=workload.labels,
        command=workload.command,
        directory=workload.directory,
        environment=workload.environment,
        ports=workload.ports,
        replicas=replicas,
        probe=workload.probe,
        drain=workload.drain,
        unix_socket=workload.unix_socket,
        forwards=forwards,
        trust_domain=mesh.settings.trust_domain,
        concurrency=threads,
        proxy_environment=environment,
        reserved=tuple(sorted({listener.port for listener in mesh.listeners.values()})),
    )
