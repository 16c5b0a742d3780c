"""Where services are right now. Pure; apart from routes, because endpoints change most often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.security import PeerMode
from tulle.model.services import Endpoint, Port, Service
from tulle.model.services import Protocol as Spoken
from tulle.model.workloads import Binding, Instance, InstanceState


class Numbered(Protocol):
    """A port of a workload, wherever it is."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def number(self) -> int:
        """Its number."""
        ...

    @property
    def protocol(self) -> Spoken:
        """What it speaks: TCP and UDP have numbers of their own."""
        ...


Own = TypeVar("Own", bound=Numbered)
NOTHING_KNOWN: Mapping[Name, Guard] = MappingProxyType({})


def instances_by_service(
    instances: Iterable[Instance], guards: Mapping[Name, Guard] = NOTHING_KNOWN
) -> dict[Name, tuple[Instance, ...]]:
    """The instances that may be called, by the services that they answer for, in the order of their ids."""
    found: dict[Name, list[Instance]] = {}
    for instance in instances:
        if instance.state is InstanceState.READY:
            guard = guards.get(instance.workload)
            for service in guard.answers if guard is not None else (instance.service,):
                found.setdefault(service, []).append(instance)
    return {service: tuple(sorted(group, key=lambda instance: instance.id)) for service, group in found.items()}


def serves(name: str, number: int, port: Port) -> bool:
    """Whether the port of a workload (its name and number) is the one that a port of a service means."""
    if port.target is not None:
        return port.target in {name, number}
    return port.number == number or port.name == name


def answering(port: Port, ports: tuple[Own, ...]) -> Own | None:
    """The port of a workload that calls to a port of a service go to: its target; or by name or number; or the only."""
    by_name = next((each for each in ports if each.name == port.name), None)
    if port.target is None and by_name is not None:
        return by_name
    fitting = [each for each in ports if serves(each.name, each.number, port)]
    if fitting:
        return next((each for each in fitting if (each.protocol is Spoken.UDP) == port.is_udp), fitting[0])
    return by_name or (ports[0] if len(ports) == 1 else None)


def endpoints(
    service: Service, instances: tuple[Instance, ...], guards: Mapping[Name, Guard] = NOTHING_KNOWN
) -> tuple[Endpoint, ...]:
    """Every place that answers for a service: its fixed addresses and its ready instances."""
    found = (_places(service, instance, guards.get(instance.workload)) for instance in instances)
    return (*service.addresses, *(each for places in found for each in places))


def _places(service: Service, instance: Instance, guard: Guard | None) -> Iterator[Endpoint]:
    """Where an instance answers on each port of a service."""
    for port in service.ports:
        binding = answering(port, instance.bindings)
        if binding is not None:
            yield Endpoint(
                address=binding.address,
                port=binding.port,
                port_name=port.name,
                labels=instance.labels,
                is_meshed=guard is None or not _is_plain(guard, binding),
                locality=Locality.of(instance.labels),
                account=instance.account,
            )


def _is_plain(guard: Guard, binding: Binding) -> bool:
    """Whether the proxy of an instance takes plain text only."""
    port = guard.port(binding.name)
    return guard.mode(port.number if port is not None else binding.number) is PeerMode.DISABLE
