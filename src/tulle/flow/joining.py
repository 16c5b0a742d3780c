"""Services with all that other documents say about them: ports, places, accounts, how clients treat them. Pure.

A service that is run here and one that a document only declares, of the same name, are one service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import TypeVar, cast

from tulle.flow.backend_tls import TlsPolicies, tls_policies
from tulle.flow.index import Index
from tulle.flow.merge import Merge
from tulle.flow.selection import Pair, Selection, pairs
from tulle.kit.memo import remember
from tulle.kit.tables import replaced
from tulle.model.hostnames import covers, is_address, subnet, wildcards
from tulle.model.mesh import Object
from tulle.model.names import Name
from tulle.model.objects import BackendTls, ConfigMap
from tulle.model.policies import ClientTls, Policy
from tulle.model.services import Destination, Endpoint, Entry, Places, Port, Resolution, Service
from tulle.model.workloads import Workload

Kind = TypeVar("Kind", bound=Object)


class Joining:
    """The joined services, kept up to date."""

    def __init__(self) -> None:
        self.services: dict[Name, Service] = {}
        self.hosts: dict[str, tuple[Name, ...]] = {}
        """Services by the hosts (and virtual addresses) that they say themselves, in order."""
        self.moved: frozenset[Name] = frozenset()
        """Workloads that answer for other services (or for services that are others now), by the last update."""
        self.changed: frozenset[Name] = frozenset()
        """Services that are other objects now, by the last update."""
        self.relabelled: frozenset[Pair] = frozenset()
        """Labels under which other workloads (or entries) are found, by the last update."""
        self.running: Selection[Workload] = Selection()
        """Workloads by their labels."""
        self.entries: Selection[Entry] = Selection()
        self._base: dict[Name, Service] = {}
        """Services as they are declared and run, before anything else is said about them."""
        self._by_host: Index[str, Service] = Index(attrgetter("full_hosts"), _in_order)
        self._own_hosts: Index[str, Service] = Index(_own_places, _in_order)
        self._selecting: Index[Pair, Service] = Index(_looked_at, _in_order)
        self._answering: dict[Name, tuple[Name, ...]] = {}
        """The workloads that answered for each service when it was joined."""
        self._of_service: Index[Name, Workload] = Index(lambda each: (each.service,), _in_order)
        self._places: Index[Name, Places] = Index(lambda each: (each.service,), _in_order)
        self._destinations: Index[str, Destination] = Index(
            lambda each: (each.host,), lambda name, it: (it.created, name)
        )
        self.tls = TlsPolicies()
        """What policies of their own say about TLS to services."""

    def update(self, merge: Merge, workloads: Mapping[Name, Workload], moved: frozenset[Name]) -> frozenset[Name]:
        """Join again what a change concerns.

        Args:
            merge: what was merged now.
            workloads: those of now, with what templates say.
            moved: names of workloads that differ from the last time.

        Returns:
            The names of the services that are other objects than before.
        """
        names = self._declare(merge) | self._found(merge, workloads, moved) | self._treated(merge)
        before, table = self.services, workloads
        answered = {name: self._answering.get(name, ()) for name in names}
        self.services = replaced(before, [(name, self._joined(name)) for name in names])
        different = frozenset(name for name in names if before.get(name) is not self.services.get(name))
        self.changed = different
        # Those that do not answer for it any more are concerned as well.
        answering = {each for name in different for each in (*answered[name], *self._answering.get(name, ()))}
        self.moved = frozenset(name for name in answering | moved if name in table)
        return different

    def answering(self, name: Name) -> tuple[Workload, ...]:
        """The workloads that answer for a service."""
        base = self._base.get(name)
        selected = self.running.select(name.namespace, base.selector) if base is not None else ()
        return tuple(dict.fromkeys((*self._of_service.get(name), *selected)))

    def own(self, workload: Workload) -> Service | None:
        """The service that a workload is run for."""
        return None if workload.is_bare else self.services.get(workload.service)

    def services_of(self, workload: Workload) -> tuple[Service, ...]:
        """All services that send calls to a workload: its own first, then those that select it."""
        own = self.own(workload)
        labels = frozenset(workload.labels)
        found = {
            each.name: each
            for pair in pairs(workload.name.namespace, workload.labels)
            for each in self._selecting.get(pair)
            if labels.issuperset(each.selector)
        }
        if own is not None:
            found.pop(own.name, None)
        return (*((own,) if own else ()), *(found[name] for name in sorted(found)))

    def _declare(self, merge: Merge) -> set[Name]:
        """Services that are declared or run otherwise than before."""
        names = merge.changed.services | merge.changed.declared
        run, declared = merge.services.table, merge.declared.table
        base = [(name, _base(run.get(name), declared.get(name))) for name in names]
        self._base = replaced(self._base, base)
        self._by_host.update(self._base, names)
        self._selecting.update(self._base, names)
        hosts = self._own_hosts.update(self._base, names)
        if hosts:
            # A copy: the old one belongs to a published mesh.
            # Always other tuples: who may see a service is another thing now, even where the names are the same.
            known = {host: tuple(each.name for each in found) for host in hosts if (found := self._own_hosts.get(host))}
            self.hosts = {**{host: names for host, names in self.hosts.items() if host not in hosts}, **known}
        return set(names)

    def _found(self, merge: Merge, workloads: Mapping[Name, Workload], moved: frozenset[Name]) -> set[Name]:
        """Services behind which something else is found than before."""
        objects = merge.changed.objects
        labels = self.running.update(workloads, moved)
        labels |= self.entries.update(typed(merge, Entry), objects.get(Entry, ()))
        self.relabelled = frozenset(labels)
        names = {service.name for pair in labels for service in self._selecting.get(pair)}
        names |= self._of_service.update(workloads, moved)
        names |= self._places.update(typed(merge, Places), objects.get(Places, ()))
        return names

    def _treated(self, merge: Merge) -> set[Name]:
        """Services of which something else is said about how clients treat them."""
        objects = merge.changed.objects
        names = self._secured(merge)
        for host in self._destinations.update(typed(merge, Destination), objects.get(Destination, ())):
            if host.startswith("*"):
                names.update(
                    each.name for known in self._by_host if covers(host, known) for each in self._by_host.get(known)
                )
            else:
                names.update(each.name for each in self._by_host.get(host))
        return names

    def _secured(self, merge: Merge) -> set[Name]:
        """Services to which TLS is spoken otherwise than before, because policies say so."""
        policies = typed(merge, BackendTls)
        if not policies and not self.tls.conditions:
            return set()
        before, self.tls = self.tls.tls, tls_policies(policies.values(), self._base, typed(merge, ConfigMap))
        return {name for name in before.keys() | self.tls.tls.keys() if before.get(name) != self.tls.tls.get(name)}

    def _joined(self, name: Name) -> Service | None:
        base = self._base.get(name)
        answering = self.answering(name)
        if answering:
            self._answering[name] = tuple(each.name for each in answering)
        else:
            self._answering.pop(name, None)
        if base is None:
            return None
        entries = self.entries.select(name.namespace, base.selector)
        accounts = {each.account for each in answering} | {each.account for each in entries}
        return _joined(
            base,
            tuple(sorted(accounts - {base.account, ""})),
            self._places.get(name),
            entries,
            (*self._secured_for(base), *self._said_about(base)),
        )

    def _secured_for(self, service: Service) -> tuple[Destination, ...]:
        said = self.tls.tls.get(service.name)
        return secured(service, tuple(said.items())) if said else ()

    def _said_about(self, service: Service) -> tuple[Destination, ...]:
        hosts = service.full_hosts
        keys = (*hosts, *(key for host in hosts for key in wildcards(host)))
        return tuple(dict.fromkeys(chain.from_iterable(map(self._destinations.get, keys))))


def typed(merge: Merge, kind: type[Kind]) -> Mapping[Name, Kind]:
    """All objects of a type."""
    return cast(Mapping[Name, Kind], merge.table(cast(type[Object], kind)))


def _in_order(name: Name, _: object) -> Name:
    return name


def _own_places(service: Service) -> tuple[str, ...]:
    """The hosts and addresses that it says itself, each once."""
    return tuple(dict.fromkeys((*service.hosts, *map(subnet, service.virtual_addresses))))


def _looked_at(service: Service) -> tuple[Pair, ...]:
    return pairs(service.name.namespace, service.selector)


def _base(run: Service | None, declared: Service | None) -> Service | None:
    if run is None or declared is None:
        return run or declared
    return _both(run, declared)


@remember(size=2)
def _both(run: Service, declared: Service) -> Service:
    """What is run here, called as another document says."""
    return replace(
        run,
        ports=declared.ports or run.ports,
        selector=declared.selector,
        hosts=declared.hosts or run.hosts,
        virtual_addresses=declared.virtual_addresses or run.virtual_addresses,
        exports=declared.exports,
        is_headless=declared.is_headless,
        identities=declared.identities,
        addresses=(*run.addresses, *declared.addresses),
    )


@remember(size=2)
def _joined(
    base: Service,
    accounts: tuple[str, ...],
    places: tuple[Places, ...],
    entries: tuple[Entry, ...],
    destinations: tuple[Destination, ...],
) -> Service:
    if not (accounts or places or entries or destinations):
        return base
    told = tuple(endpoint for each in places for endpoint in each.endpoints)
    found = tuple(_endpoint(entry, port) for entry in entries if can_be_told(entry, base) for port in base.ports)
    addresses = (*base.addresses, *told, *found)
    return replace(base, accounts=accounts, addresses=addresses, destinations=destinations)


def can_be_told(entry: Entry, service: Service) -> bool:
    """Whether an entry can be one of the endpoints: names are resolved for services only all of whose places are."""
    if service.resolution is not Resolution.ENDPOINTS:
        return True
    return entry.address.startswith("/") or is_address(entry.address)


def _endpoint(entry: Entry, port: Port) -> Endpoint:
    """Where a workload that somebody else runs answers on a port of a service."""
    target = port.target if isinstance(port.target, int) else port.number
    ports = dict(entry.ports)
    number = ports.get(port.name, ports.get(str(port.target), target))
    return Endpoint(
        address=entry.address,
        port=0 if entry.address.startswith("/") else number,
        port_name=port.name,
        labels=entry.labels,
        weight=entry.weight,
        is_meshed=entry.is_meshed,
        locality=entry.locality,
        network=entry.network,
        account=entry.account,
    )


@remember(size=2)
def secured(service: Service, said: tuple[tuple[str, ClientTls], ...]) -> tuple[Destination, ...]:
    """TLS towards a service, said by policies of their own, in the form in which everything else is said.

    `said` is by the name of the port; empty for all ports without their own.
    """
    by_port = dict(said)
    wanted = [(port.number, by_port.get(port.name, by_port.get(""))) for port in service.ports]
    policies = tuple((number, Policy(tls=tls)) for number, tls in wanted if tls is not None)
    if not policies:
        return ()
    host = service.full_hosts[0]
    return (Destination(name=service.name, origin=service.origin, host=host, port_policies=policies),)
