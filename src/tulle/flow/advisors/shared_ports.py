"""Ports of workloads that several services lead to, and that cannot speak as all of them say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import Advised, Ledger, World
from tulle.flow.endpoints import serves
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.services import Port, Service
from tulle.model.workloads import Workload


class SharedPorts:
    """Looks at every workload by itself."""

    def __init__(self) -> None:
        self._ledger: Ledger[Guard] = Ledger(advise)

    def update(self, world: World) -> None:
        """Look again at what changed."""
        guarding = world.guarding
        self._ledger.track(guarding.guards, guarding.guards if world.is_fresh else guarding.changed, world)

    def findings(self) -> Iterable[Finding]:
        """About every service that is not spoken to as it says."""
        return self._ledger.findings()


ADVISOR = SharedPorts


def advise(guard: Guard, world: World) -> Advised:
    """Look at one workload."""
    workload = world.workloads.get(guard.workload)
    services = world.joining.services_of(workload) if workload is not None else ()
    if workload is None or len(services) < 2:
        return Advised()
    found = tuple(finding for port in workload.ports for finding in _about(port, workload, services))
    return Advised(found, frozenset(service.name for service in services))


def _about(port: Port, workload: Workload, services: tuple[Service, ...]) -> Iterator[Finding]:
    """The first service decides what is spoken."""
    (first, said), *others = [(service, each) for service in services for each in _leading(service, port)] or [
        (services[0], port)
    ]
    for service, each in others:
        if each.protocol.is_http is not said.protocol.is_http:
            message = (
                f"its port {each.number} speaks {each.protocol}, but port {port.number} of {workload.name.name} is "
                f"taken for {said.protocol}, as {first.origin.subject} says ({first.origin}): calls fail"
            )
            yield Finding.warning(service.origin, f"{service.origin.subject}: {message}")


def _leading(service: Service, port: Port) -> Iterator[Port]:
    """The ports of a service that lead to a port of a workload; those of UDP are apart."""
    for each in service.ports:
        if each.is_udp == port.is_udp and serves(port.name, port.number, each):
            yield each
