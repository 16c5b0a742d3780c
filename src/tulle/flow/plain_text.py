"""Services some of whose workloads take no mutual TLS, because policies of these workloads say so. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tulle.flow.endpoints import answering
from tulle.flow.index import Index
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.guards import Guard
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.security import PeerMode
from tulle.model.services import Port, Service


class PlainText:
    """Services with the ports on which callers need plain text, kept up to date."""

    def __init__(self) -> None:
        self.services: dict[Name, Service] = {}
        self._guards: dict[Name, Guard] = {}
        """Of the workloads that take plain text only, at least on some port; few, if any."""
        self._answering: Index[Name, Guard] = Index(lambda guard: guard.answers, lambda name, _: name)

    def update(
        self,
        joined: Mapping[Name, Service],
        changed: frozenset[Name],
        guards: Mapping[Name, Guard],
        moved: frozenset[Name],
    ) -> frozenset[Name]:
        """Take in the services and guards of now, of which these differ; the names of services that are others now."""
        found = [(name, guards.get(name)) for name in moved]
        self._guards = replaced(
            self._guards, [(name, guard if guard and takes_plain_only(guard) else None) for name, guard in found]
        )
        names = changed | self._answering.update(self._guards, moved)
        before = self.services
        self.services = replaced(before, [(name, self._told(joined.get(name))) for name in names])
        return frozenset(name for name in names if before.get(name) is not self.services.get(name))

    def _told(self, service: Service | None) -> Service | None:
        guards = self._answering.get(service.name) if service is not None else ()
        if service is None or not guards:
            return service
        ports = tuple(port.number for port in service.ports if _is_plain(port, guards))
        return _with_plain(service, ports) if ports else service


def told_of(workloads: Iterable[Name], *meshes: Mesh) -> set[Name]:
    """The services whose endpoints tell that these workloads take plain text only, in any of these meshes."""
    guards = (mesh.guards.get(name) for name in workloads for mesh in meshes)
    return {answer for guard in guards if guard and takes_plain_only(guard) for answer in guard.answers}


def takes_plain_only(guard: Guard) -> bool:
    """Whether there is a port on which a workload takes no mutual TLS."""
    return PeerMode.DISABLE in {guard.peer_mode, *(mode for _, mode in guard.port_modes)}


def _is_plain(port: Port, guards: Iterable[Guard]) -> bool:
    """Whether calls to a port of a service reach any workload that takes no mutual TLS there."""
    called = ((guard, answering(port, guard.ports)) for guard in guards)
    return any(own is not None and guard.mode(own.number) is PeerMode.DISABLE for guard, own in called)


@remember(size=1)
def _with_plain(service: Service, ports: tuple[int, ...]) -> Service:
    return replace(service, plain_ports=ports)
