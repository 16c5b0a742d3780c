"""Services with what documents of their own say about them, as if the service had said it itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tulle.envoy import treatments
from tulle.envoy.callers import Caller
from tulle.flow.absent import SOURCE
from tulle.model.documents import Origin
from tulle.model.mesh import Settings
from tulle.model.policies import Policy
from tulle.model.services import Destination, Endpoint, Entry, Resolution, Service, Subset

ELSEWHERE = "elsewhere.invalid"
"""Stands for any namespace that nobody speaks of."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A service without destinations."""

    service: Service
    port_policies: tuple[tuple[int, Policy], ...] = ()
    origins: tuple[Origin, ...] = ()
    """Of the documents that it was folded with."""
    some: tuple[Destination, ...] = ()
    """Documents that are only for some callers; it says them for all or for none."""


def folded(service: Service, entries: Iterable[Entry], settings: Settings) -> Folded:
    """A service as callers of its own namespace treat it; its places without those of `entries`, which select it."""
    root = settings.root_namespace
    chosen = treatments.destinations(service, Caller(namespace=service.name.namespace), root)
    seen = [treatments.destinations(service, caller, root) for caller in _callers(service, settings)]
    some = tuple(each for each in service.destinations if len({each in found for found in (chosen, *seen)}) > 1)
    policy = next((each.policy for each in chosen if each.policy), None)
    if policy is not None:
        # What guards the service itself is its own affair.
        policy = replace(policy, rate_limit=service.policy.rate_limit, health_check=service.policy.health_check)
    subsets = _subsets(service, chosen)
    ports: dict[int, Policy] = {}
    for each in chosen:
        for number, said in each.port_policies:
            ports.setdefault(number, said)
    known = {port.number for port in service.ports}
    return Folded(
        service=replace(
            service,
            policy=policy or service.policy,
            subsets=subsets,
            addresses=_own_addresses(service, entries),
            destinations=(),
            accounts=(),
            plain_ports=(),
        ),
        port_policies=tuple(sorted(((number, said) for number, said in ports.items() if number in known), key=_number)),
        origins=tuple(each.origin for each in chosen),
        some=some,
    )


def _number(pair: tuple[int, Policy]) -> int:
    return pair[0]


def _callers(service: Service, settings: Settings) -> Iterator[Caller]:
    """Everybody who may treat it differently."""
    yield Caller.gateway(settings)
    yield Caller(namespace=ELSEWHERE)
    for each in service.destinations:
        yield Caller(namespace=each.name.namespace, labels=each.clients)
        yield from (Caller(namespace=space) for space in each.exports if space not in {"*", "."})


def _subsets(service: Service, chosen: tuple[Destination, ...]) -> tuple[Subset, ...]:
    found = {subset.name: subset for subset in service.subsets}
    said: dict[str, Subset] = {}
    for each in chosen:
        for subset in each.subsets if each.origin.source != SOURCE else ():
            said.setdefault(subset.name, subset)
    return tuple({**found, **said}.values())


def _own_addresses(service: Service, entries: Iterable[Entry]) -> tuple[Endpoint, ...]:
    """Its places without those of workloads that it only selects, and without its own name, which DNS is asked for."""
    wanted = set(service.selector)
    selected = {
        (each.address, tuple(sorted(each.labels)))
        for each in entries
        if wanted and each.name.namespace == service.name.namespace and wanted <= set(each.labels)
    }
    found = tuple(each for each in service.addresses if (each.address, tuple(sorted(each.labels))) not in selected)
    by_name = service.resolution in {Resolution.DNS, Resolution.DNS_ROUND_ROBIN}
    if by_name and service.hosts and {each.address for each in found} == {service.hosts[0]}:
        usual = {(port.name, port.target if isinstance(port.target, int) else port.number) for port in service.ports}
        if {(each.port_name, each.port) for each in found} == usual and len(found) == len(usual):
            return ()
    return found
