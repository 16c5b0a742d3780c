"""Everything that proxies would get for documents: the gateway, and sidecars that call everything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.flow.world import World
from tulle.flow.build import Builder
from tulle.model.documents import Document
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.services import Protocol
from tulle.model.workloads import Binding, Forward, Instance, InstanceState
from tulle.xds.snapshot import VIRTUAL_HOST, Resource, Snapshot


class Failed(AssertionError):
    """Something could not be read or compiled."""


def compiled(documents: tuple[Document, ...], directory: Path) -> tuple[Mesh, tuple[Snapshot, ...]]:
    """The mesh, and what all proxies get.

    Raises:
        Failed: something went wrong that no finding of ours should have let through.
    """
    mesh = Builder().build(documents)
    for finding in mesh.findings:
        if "mistake of tulle" in finding.message:
            raise Failed(finding.message)
    world = World(directory)
    world.publisher.update(mesh)
    world.hosts.connected("here", "host")
    instances = tuple(_instance(mesh, guard) for guard in mesh.guards.values())
    world.hosts.reported("here", instances)
    demand = sorted(_demand(mesh))
    for each in instances:
        client = world.sidecar(each)
        prefix = f"outbound.{each.service.namespace}/"
        client.replica.subscribe(VIRTUAL_HOST, {prefix + name for name in demand})
    world.gateway()
    world.settle()
    failures = [f"{each.name}: {each.failure}" for each in world.publisher.failed]
    failures += [proxy.fault for proxy in world.publisher.connected.values() if proxy.fault]
    if failures:
        raise Failed("\n".join(failures))
    return mesh, tuple(proxy.snapshot for proxy in world.publisher.connected.values())


def resources(snapshots: Iterable[Snapshot]) -> Iterator[Resource]:
    """All resources, each once."""
    seen = set()
    for snapshot in snapshots:
        for type_url, table in snapshot.tables.items():
            for name, each in table.items():
                if (key := (type_url, name, each.version)) not in seen:
                    seen.add(key)
                    yield each


def _instance(mesh: Mesh, guard: Guard) -> Instance:
    bindings = tuple(
        Binding(
            name=port.name,
            protocol=port.protocol,
            address="127.0.0.1",
            port=20000 + index,
            application=f"127.0.0.1:{30000 + index}",
            number=port.number,
        )
        for index, port in enumerate(guard.ports)
    )
    forwards = tuple(
        Forward(service=service.name, port=port.number, protocol=port.protocol, address="127.0.0.1:40000")
        for service in mesh.services.values()
        for port in service.ports
        if port.protocol in {Protocol.TCP, Protocol.UDP}
    )
    return Instance(
        id=str(guard.workload),
        workload=guard.workload,
        service=guard.service,
        host="here",
        account=guard.account,
        state=InstanceState.READY,
        bindings=bindings,
        outbound="127.0.0.1:15001",
        forwards=forwards,
    )


def _demand(mesh: Mesh) -> set[str]:
    hosts = {"nope.default", "example.org", "example.org:443", *mesh.hosts, *mesh.host_routes}
    for service in mesh.services.values():
        for host in (*service.full_hosts, *service.hosts):
            hosts |= {host, *(f"{host}:{port.number}" for port in service.ports)}
    return {each for each in hosts if len(each) < 2000}
