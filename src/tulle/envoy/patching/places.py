"""Where the resources of one proxy belong: sides, ports, services, gateways. From the mesh, for `facts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tulle.envoy import naming, sockets
from tulle.envoy.patching.facts import Facts, Ports, int_or_0
from tulle.kit.memo import remember
from tulle.model.extensions import EnvoyPatches, PatchContext
from tulle.model.mesh import Mesh
from tulle.model.names import ISTIO, Name, full_host
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, LISTENER, VIRTUAL_HOST

INBOUND = naming.inbound("")
FORWARD = "forward|"
GATEWAY = naming.gateway_routes("")
GATEWAY_LISTENER = naming.gateway_listener("")
Sets: TypeAlias = tuple[EnvoyPatches, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What is known of the resources of one proxy by their names."""

    mesh: Mesh
    is_gateway: bool = False
    service: Name | None = None
    """Of the workload behind a sidecar."""
    patches: Mapping[str, Sets] | None = None
    """Of a gateway, by socket: what the policies say that hold there; None: everything is the same everywhere."""
    inbound: dict[str, Ports] = field(default_factory=dict)
    """By listener (and cluster of the application): its ports, as service and workload have them."""

    def holding(self, type_url: str, name: str, sets: Sets) -> Sets:
        """Which of these changes are about a resource: gateways share clusters, and nothing else."""
        if self.patches is None or type_url == CLUSTER:
            return sets
        mine = self.patches.get(socket_of(type_url, name), ())
        return tuple(each for each in sets if each in mine)

    def listener(self, name: str) -> Facts:
        """Of a listener."""
        if self.is_gateway:
            return Facts(PatchContext.GATEWAY)
        if name.startswith(INBOUND):
            return Facts(PatchContext.SIDECAR_INBOUND, self.inbound.get(name, frozenset()))
        port = int_or_0(name.split("|")[1].removesuffix(naming.UDP)) if name.startswith(FORWARD) else 0
        return Facts(PatchContext.SIDECAR_OUTBOUND, frozenset((port,)) if port else frozenset())

    def cluster(self, name: str) -> Facts:
        """Of a cluster."""
        if name.startswith(INBOUND):
            ports = self.inbound.get(name, frozenset())
            return Facts(PatchContext.SIDECAR_INBOUND, ports, self._hosts(self.service) if self.service else ())
        context = PatchContext.GATEWAY if self.is_gateway else PatchContext.SIDECAR_OUTBOUND
        found = naming.parse_cluster(name)
        if found == naming.NOTHING:
            return Facts(context)
        return Facts(context, frozenset((found.port,)), self._hosts(found.service))

    def routes(self, name: str) -> Facts:
        """Of a route configuration."""
        return _gateway_routes(self.mesh, name) if self.is_gateway else Facts(PatchContext.SIDECAR_OUTBOUND)

    def virtual_host(self, name: str) -> Facts:
        """Of a virtual host: in sidecars it has a port of its own."""
        routes, _, authority = name.rpartition("/")
        if self.is_gateway:
            return _gateway_routes(self.mesh, routes)
        port = int_or_0(authority.rpartition(":")[2]) or 80
        return Facts(PatchContext.SIDECAR_OUTBOUND, frozenset((port,)))

    def _hosts(self, name: Name) -> tuple[str, ...]:
        service = self.mesh.services.get(name)
        own = full_host(name)
        return (own, *(host.lower() for host in service.hosts)) if service is not None else (own,)


def socket_of(type_url: str, name: str) -> str:
    """The socket at which a listener, a route configuration or a virtual host of the gateway is."""
    if type_url == LISTENER:
        return name.removeprefix(GATEWAY_LISTENER)
    routes = name.rpartition("/")[0] if type_url == VIRTUAL_HOST else name
    return routes.removeprefix(GATEWAY).partition("|")[0]


def of_sidecar(mesh: Mesh, instance: Instance) -> Places:
    """Of the sidecar of an instance."""
    service = mesh.services.get(instance.service)
    numbers = {port.name: port.number for port in service.ports} if service is not None else {}
    inbound = {
        naming.inbound(each.name): frozenset(
            filter(None, (numbers.get(each.name), int_or_0(each.application.rpartition(":")[2])))
        )
        for each in instance.bindings
    }
    return Places(mesh, service=instance.service, inbound=inbound)


def of_gateway(mesh: Mesh) -> Places:
    """Of the gateway."""
    if not mesh.gateway_guards:
        return Places(mesh, is_gateway=True)
    found = sockets.by_socket(mesh.listeners.values())
    guards = {socket: mesh.guard_of(each.gateway for each in sharing) for socket, sharing in found.items()}
    patches = {socket: guard.patches for socket, guard in guards.items() if guard is not None}
    return Places(mesh, is_gateway=True, patches=patches)


@remember(size=4096)
def _gateway_routes(mesh: Mesh, name: str) -> Facts:
    """A route configuration of the gateway has the name of its socket."""
    socket = name.removeprefix(GATEWAY).partition("|")[0]
    mine = [each for each in mesh.listeners.values() if sockets.socket(each) == socket]
    ports = {number for each in mine for number in (each.port, each.declared_port) if number}
    named = ((each.gateway, each.section) for each in mine if each.gateway is not None)
    gateways = {(f"{gateway.namespace}/{gateway.name.removeprefix(ISTIO)}", section) for gateway, section in named}
    return Facts(PatchContext.GATEWAY, frozenset(ports), gateways=tuple(sorted(gateways)))
