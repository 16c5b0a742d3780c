"""Checks references and conflicts over everything that was merged; looks only at what a change can concern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from tulle.envoy.scope import host_key
from tulle.flow.advice import Advice
from tulle.flow.checks import Checks, Context
from tulle.flow.easing import Easing
from tulle.flow.edge.edge import Edge
from tulle.flow.entrances import Entrances, Wanted
from tulle.flow.guarding import Guarding
from tulle.flow.joining import Joining, typed
from tulle.flow.merge import Merge, Position
from tulle.flow.parts import Parts
from tulle.flow.plain_text import PlainText
from tulle.flow.references import Directory, check_listener, check_service, check_workload
from tulle.flow.resolving import delegate_key
from tulle.flow.routing import Routing
from tulle.flow.statuses import gateway_statuses, policy_statuses, same
from tulle.flow.templates import Templates
from tulle.kit.tables import Layered, changed_keys, replaced
from tulle.model.challenges import NOTHING_ISSUED
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.objects import BackendTls
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.statuses import ObjectKey, Status
from tulle.model.workloads import Workload

Thing = TypeVar("Thing")
Table = Mapping[Name, Thing]


class Checking:
    """The checked objects, kept up to date."""

    def __init__(self, seal: str = "") -> None:
        """`seal`: what cookies are proven by."""
        self.listeners: dict[Name, Listener] = {}
        self.routing = Routing()
        self.guarding = Guarding()
        self.easing = Easing()
        self.taken: Mapping[Name, Guard] = {}
        """The guards that every proxy has taken."""
        self.advice = Advice()
        self.edge = Edge(seal)
        self.issued = NOTHING_ISSUED
        """What certificate authorities have signed, and what they ask."""
        self._known_hosts: Mapping[str, tuple[Name, ...]] = {}
        self._delegates: dict[Name, RouteSet] = {}
        self._templates = Templates()
        self._joining = Joining()
        self._plain_text = PlainText()
        self._joined_services: Table[Service] = {}
        self._checked_services: dict[Name, Service] = {}
        self._merged_workloads: Table[Workload] = {}
        self.entrances = Entrances()
        self._native_listeners: Table[Listener] = {}
        self._statuses: Layered[ObjectKey, Status] = Layered()
        self._checked_listeners: frozenset[Listener] = frozenset()
        self._overlap_findings: tuple[Finding, ...] = ()
        self._accounts: dict[Name, int] = {}
        self._service_checks: Checks[Service, Service] = Checks(check_service)
        self._workload_checks: Checks[Workload, Workload] = Checks(check_workload)
        self._listener_checks: Checks[Listener, Listener] = Checks(check_listener)

    @property
    def workloads(self) -> dict[Name, Workload]:
        """The workloads, with what templates say."""
        return self._templates.workloads

    @property
    def services(self) -> dict[Name, Service]:
        """The services, with everything that is said about them."""
        return self._plain_text.services

    @property
    def hosts(self) -> dict[str, tuple[Name, ...]]:
        """Services by the hosts that they say themselves."""
        return self._joining.hosts

    @property
    def statuses(self) -> dict[ObjectKey, Status]:
        """What became of objects whose specification demands a status."""
        return self._statuses.table

    def update(self, merge: Merge, parts: Parts, position: Position, settings: Settings) -> None:
        """Bring everything up to date with what is merged now."""
        moved = self._templates.update(merge)
        joined = self._joining.update(merge, self.workloads, moved)
        checked, is_renamed = self._update_services(self._joining.services, joined)
        moved_too = {each.name for name in checked for each in self._joining.answering(name)}
        guarding, table = self.guarding, self._checked_services
        guarding.update(merge, self.workloads, moved | moved_too, self._joining, table, settings)
        self.easing.update(guarding.guards, guarding.changed, self.taken)
        names = self._plain_text.update(table, checked, self.easing.guards, self.easing.changed)
        names |= self._update_hosts() | self._update_delegates(merge)
        untrusted, wanted = self._joining.tls.untrusted, self._wanted(merge, parts)
        names |= self.entrances.update(merge, self.services, untrusted, settings, wanted, position)
        native = self.entrances.native
        names |= changed_keys(self._native_listeners, native)
        self._native_listeners = native
        directory = Directory(self.services, native, self._accounts, self.hosts, self._delegates, self.entrances.around)
        context = Context(names, directory, is_renamed)
        self._update_workloads(self.workloads, moved, context)
        self._update_listeners(native, context)
        self.routing.update(merge, parts, context, position)
        self.advice.update(merge, self.workloads, self._joining, self.guarding, self.routing, settings)
        self._overlap_findings = tuple(
            self.routing.overlaps.findings(self.routing.position(position), self.routing.is_asking)
        )
        self._update_statuses(merge)
        self.edge.update(merge, self.issued, self.guarding.keys)

    def _update_statuses(self, merge: Merge) -> None:
        """Small work: gateways and policies are few, and routes are noted one by one."""
        routes = self.routing.statuses
        found = gateway_statuses(self.entrances.inventory, self.entrances.arrangement, routes.counts)
        policies = typed(merge, BackendTls).values()
        found |= policy_statuses(policies, self._joining.tls.conditions, routes)
        known = same(self._statuses.table, found)
        self._statuses.update(routes.statuses, {key: status for key, status in known if status is not None})

    def _update_hosts(self) -> set[Name]:
        before, self._known_hosts = self._known_hosts, self.hosts
        return {host_key(host) for host in changed_keys(before, self.hosts)}

    def _update_delegates(self, merge: Merge) -> set[Name]:
        gone = {route.name for route in merge.routes_removed if route.is_delegate}
        new = {route.name: route for route in merge.routes_added if route.is_delegate}
        if gone or new:
            self._delegates = {**{name: it for name, it in self._delegates.items() if name not in gone}, **new}
        return {delegate_key(name) for name in (*gone, *new)}

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong with references, and everything that conflicts."""
        for checks in (self._service_checks, self._workload_checks, self._listener_checks, self.routing.checks):
            yield from checks.findings()
        yield from self.entrances.findings
        yield from self._joining.tls.findings
        yield from self._overlap_findings
        yield from self.advice.findings()
        yield from self.edge.findings()

    def _update_services(self, table: Table[Service], changed: frozenset[Name]) -> tuple[frozenset[Name], bool]:
        """The names of services that are others now, or allow other accounts, and whether other services exist."""
        before, self._joined_services = self._joined_services, table
        added, removed = difference(before, table, changed)
        accounts = {account for service in (*added, *removed) for account in _accounts(service)}
        for service in removed:
            self._count_account(service, -1)
        for service in added:
            self._count_account(service, 1)
        is_renamed = any((name in before) != (name in table) for name in changed)
        context = Context(changed | accounts, Directory(table, {}, self._accounts), is_renamed)
        again = self._service_checks.update(added, removed, context)
        names = changed | {service.name for service in again}
        checked = self._service_checks.checked
        self._checked_services = replaced(
            self._checked_services, [(name, checked(table[name]) if name in table else None) for name in names]
        )
        return names, is_renamed

    def _count_account(self, service: Service, step: int) -> None:
        for account in _accounts(service):
            count = self._accounts.get(account, 0) + step
            if count:
                self._accounts[account] = count
            else:
                del self._accounts[account]

    def _update_workloads(self, table: Table[Workload], changed: frozenset[Name], context: Context) -> None:
        added, removed = difference(self._merged_workloads, table, changed)
        self._merged_workloads = table
        self._workload_checks.update(added, removed, context)

    def _wanted(self, merge: Merge, parts: Parts) -> Wanted:
        return Wanted(
            has_routes=merge.has_routes,
            has_ingress=merge.has_ingress,
            guarded=self.guarding.alike,
            has_broken_listener=any(part.key.kind == "native/listener" for part in parts.findings),
        )

    def _update_listeners(self, native: Table[Listener], context: Context) -> None:
        """The listeners of native files refer to services by themselves; all others are only attached to."""
        usable = frozenset(native.values())
        self._listener_checks.update(usable - self._checked_listeners, self._checked_listeners - usable, context)
        self._checked_listeners = usable
        checked = {name: self._listener_checks.checked(item) for name, item in native.items()}
        others = {name: each for name, each in self.entrances.arrangement.usable.items() if name not in native}
        listeners = {**{name: each for name, each in checked.items() if each is not None}, **others}
        if changed_keys(self.listeners, listeners):
            self.listeners = listeners


def _accounts(service: Service) -> Iterator[Name]:
    for account in (service.account, *service.accounts):
        yield Name(service.name.namespace, account)


def difference(
    before: Table[Thing], now: Table[Thing], names: Iterable[Name]
) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    """What was added to a table and removed from it, by the names that changed."""
    known = tuple(names)
    return tuple(now[name] for name in known if name in now), tuple(before[name] for name in known if name in before)
