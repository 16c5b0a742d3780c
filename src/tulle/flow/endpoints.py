"""Where services are right now. Pure; apart from routes, because endpoints change most often."""

from __future__ import annotations

from collections.abc import Iterable

from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Service
from tulle.model.workloads import Instance, InstanceState


def instances_by_service(instances: Iterable[Instance]) -> dict[Name, tuple[Instance, ...]]:
    """The instances that may be called, by service and in the order of their ids."""
    found: dict[Name, list[Instance]] = {}
    for instance in instances:
        if instance.state is InstanceState.READY:
            found.setdefault(instance.service, []).append(instance)
    return {service: tuple(sorted(group, key=lambda instance: instance.id)) for service, group in found.items()}


def endpoints(service: Service, instances: tuple[Instance, ...]) -> tuple[Endpoint, ...]:
    """Every place that answers for a service: its fixed addresses and its ready instances."""
    return (
        *service.addresses,
        *(
            Endpoint(
                address=binding.address,
                port=binding.port,
                port_name=binding.name,
                labels=instance.labels,
                is_meshed=True,
                locality=Locality.of(instance.labels),
                account=instance.account,
            )
            for instance in instances
            for binding in instance.bindings
        ),
    )
