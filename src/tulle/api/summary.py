"""What `status` shows, version `tulle/v1`: a documented schema, computed from a look at the control plane. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from tulle.api.object_status import rendered
from tulle.flow.state import ProxyState, State
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routers import INTERNAL
from tulle.model.services import Service
from tulle.model.workloads import Instance, InstanceState

VERSION = "tulle/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginSummary:
    """Where something was written."""

    source: str
    file: str
    line: int
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSummary:
    """One mistake."""

    severity: str
    message: str
    origin: OriginSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class PortSummary:
    """One port of a service."""

    name: str
    number: int
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSummary:
    """One service."""

    name: str
    namespace: str
    endpoints: int
    """Places that answer or should: instances that were ready once, or the addresses of a service elsewhere."""
    healthy: int
    replicas: int | None
    """How many instances are desired, over all versions; null for a service that runs elsewhere."""
    ports: tuple[PortSummary, ...]
    origin: OriginSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySummary:
    """One proxy that is connected or should be."""

    id: str
    role: str
    service: str
    host: str
    connected: bool
    synced: bool
    version: str
    admin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSummary:
    """Where one port of an instance is for other proxies."""

    name: str
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSummary:
    """One running replica."""

    id: str
    service: str
    workload: str
    version: str
    host: str
    state: str
    message: str
    restarts: int
    outbound: str
    """HTTP proxy for the calls of the application."""
    bindings: tuple[BindingSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySummary:
    """One listener of the gateway, as a client reaches it."""

    listener: str
    protocol: str
    url: str
    hosts: tuple[str, ...]
    """Host names that are routed there; `*` for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSummary:
    """What became of one object whose specification demands a status."""

    kind: str
    namespace: str
    """Empty for an object that belongs to none."""
    name: str
    status: dict[str, Any]
    """As its specification has it; conditions without their times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at a glance."""

    version: str
    ready: bool
    services: tuple[ServiceSummary, ...]
    proxies: tuple[ProxySummary, ...]
    instances: tuple[InstanceSummary, ...]
    gateway: tuple[GatewaySummary, ...]
    findings: tuple[FindingSummary, ...]
    objects: tuple[StatusSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A consistent look at a control plane: taken within its event loop, summarized anywhere."""

    mesh: Mesh
    ready: bool
    instances: tuple[Instance, ...]
    proxies: tuple[ProxyState, ...]
    findings: tuple[Finding, ...]


def look(state: State) -> Look:
    """Take references to what is immutable; fast."""
    return Look(
        mesh=state.mesh,
        ready=state.is_ready,
        instances=state.instances,
        proxies=state.proxies(),
        findings=state.findings,
    )


def summarize(seen: Look) -> Status:
    """The status of what was seen; everything in the order of names."""
    return Status(
        version=VERSION,
        ready=seen.ready,
        services=_services(seen.mesh, seen.instances),
        proxies=tuple(summary_of_proxy(proxy) for proxy in seen.proxies),
        instances=tuple(_instance(each) for each in sorted(seen.instances, key=lambda each: (each.service, each.id))),
        gateway=tuple(_gateway(seen.mesh)),
        findings=summary_of_findings(seen.findings),
        objects=tuple(
            StatusSummary(
                kind=kind,
                namespace="" if name.namespace == SYSTEM_NAMESPACE else name.namespace,
                name=name.name,
                status=rendered(kind, status),
            )
            for (kind, name), status in sorted(seen.mesh.statuses.items())
        ),
    )


def summary_of_findings(findings: Sequence[Finding]) -> tuple[FindingSummary, ...]:
    """Findings with their places."""
    return tuple(
        FindingSummary(
            severity=finding.severity.value,
            message=finding.message,
            origin=OriginSummary(
                source=finding.origin.source,
                file=finding.origin.file,
                line=finding.origin.line,
                subject=finding.origin.subject,
            ),
        )
        for finding in findings
    )


def summary_of_proxy(proxy: ProxyState) -> ProxySummary:
    """One proxy without its resources."""
    return ProxySummary(
        id=proxy.id,
        role=proxy.role,
        service=proxy.service,
        host=proxy.host,
        connected=proxy.is_connected,
        synced=proxy.is_synced,
        version=proxy.version,
        admin=proxy.admin,
    )


def _services(mesh: Mesh, instances: tuple[Instance, ...]) -> tuple[ServiceSummary, ...]:
    ready, places, desired = Counter[Name](), Counter[Name](), Counter[Name]()
    for instance in instances:
        for service in _answered(mesh, instance.workload, instance.service):
            ready[service] += instance.state is InstanceState.READY
            places[service] += instance.state in {InstanceState.READY, InstanceState.UNHEALTHY}
    for workload in mesh.workloads.values():
        for service in _answered(mesh, workload.name, workload.service):
            desired[service] += workload.replicas
    return tuple(
        _service(
            service,
            (len(service.addresses), len(service.addresses), None)
            if service.addresses or (service.name not in desired and not places[service.name])
            else (places[service.name], ready[service.name], desired[service.name]),
        )
        for service in sorted(mesh.services.values(), key=lambda service: service.name)
        if service.name.namespace != INTERNAL
    )


def _answered(mesh: Mesh, workload: Name, service: Name) -> tuple[Name, ...]:
    """The services that a workload answers for: its own, and those whose selectors choose it."""
    guard = mesh.guards.get(workload)
    return guard.answers if guard is not None and guard.answers else (service,)


def _service(service: Service, counts: tuple[int, int, int | None]) -> ServiceSummary:
    endpoints, healthy, replicas = counts
    origin = service.origin
    return ServiceSummary(
        name=service.name.name,
        namespace=service.name.namespace,
        endpoints=endpoints,
        healthy=healthy,
        replicas=replicas,
        ports=tuple(
            PortSummary(name=port.name, number=port.number, protocol=port.protocol.value) for port in service.ports
        ),
        origin=OriginSummary(source=origin.source, file=origin.file, line=origin.line, subject=origin.subject),
    )


def _instance(instance: Instance) -> InstanceSummary:
    return InstanceSummary(
        id=instance.id,
        service=str(instance.service),
        workload=str(instance.workload),
        version=instance.version,
        host=instance.host,
        state=instance.state.value,
        message=instance.message,
        restarts=instance.restarts,
        outbound=instance.outbound,
        bindings=tuple(
            BindingSummary(name=each.name, protocol=each.protocol.value, address=each.address, port=each.port)
            for each in instance.bindings
        ),
    )


def _gateway(mesh: Mesh) -> Iterator[GatewaySummary]:
    """Listeners by name. Entry points take requests with TLS and without; one of the two may be for nobody."""
    found = {each: _hosts(mesh, each) for each in sorted(mesh.listeners.values(), key=lambda it: it.name)}
    used = {(each.address, each.port) for each, hosts in found.items() if hosts}
    for listener, hosts in found.items():
        is_http = listener.protocol.is_http
        if hosts or not is_http or (listener.address, listener.port) not in used:
            yield _listener(listener, hosts)


def _hosts(mesh: Mesh, listener: Listener) -> set[str]:
    if not listener.protocol.is_http:
        return set()
    attached = [routes for routes in mesh.gateway_routes if not routes.listeners or listener.id in routes.listeners]
    return {host for routes in attached for host in routes.hosts}


def _listener(listener: Listener, hosts: set[str]) -> GatewaySummary:
    return GatewaySummary(
        listener=listener.id,
        protocol=listener.protocol.value,
        url=f"{listener.protocol.value}://{_reachable(listener.address)}:{listener.port}",
        hosts=tuple(sorted(hosts)),
    )


def _reachable(address: str) -> str:
    """The host part of a URL for an address that is listened on."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.is_unspecified:
        return "localhost"
    return f"[{parsed}]" if parsed.version == 6 else str(parsed)
