"""Where services are right now. Pure; apart from routes, because endpoints change most often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Port, Protocol, Service
from tulle.model.workloads import Binding, Instance, InstanceState

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


def endpoints(service: Service, instances: tuple[Instance, ...]) -> tuple[Endpoint, ...]:
    """Every place that answers for a service: its fixed addresses and its ready instances."""
    return (*service.addresses, *(each for instance in instances for each in _places(service, instance)))


def _places(service: Service, instance: Instance) -> Iterator[Endpoint]:
    """Where an instance answers on each port of a service."""
    for port in service.ports:
        binding = _binding(port, instance.bindings)
        if binding is not None:
            yield Endpoint(
                address=binding.address,
                port=binding.port,
                port_name=port.name,
                labels=instance.labels,
                is_meshed=True,
                locality=Locality.of(instance.labels),
                account=instance.account,
            )


def _binding(port: Port, bindings: tuple[Binding, ...]) -> Binding | None:
    """Where calls to a port of a service go: to its target; or by name or number; or there is only one place."""
    by_name = next((each for each in bindings if each.name == port.name), None)
    if port.target is None and by_name is not None:
        return by_name
    fitting = [each for each in bindings if serves(each.name, each.number, port)]
    if fitting:
        return next((each for each in fitting if (each.protocol is Protocol.UDP) == port.is_udp), fitting[0])
    return by_name or (bindings[0] if len(bindings) == 1 else None)
