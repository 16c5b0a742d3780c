"""Checks references and conflicts over everything that was merged; looks only at what a change can concern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from tulle.envoy.scope import host_key
from tulle.flow import conflicts
from tulle.flow.checks import Checks, Context
from tulle.flow.claims import replaced
from tulle.flow.differences import changed_keys
from tulle.flow.guarding import Guarding
from tulle.flow.joining import Joining
from tulle.flow.merge import Merge, Position
from tulle.flow.parts import Parts
from tulle.flow.references import Directory, check_listener, check_service, check_workload
from tulle.flow.resolving import delegate_key
from tulle.flow.routing import Routing
from tulle.flow.templates import Templates
from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.workloads import Workload

Thing = TypeVar("Thing")
Table = Mapping[Name, Thing]

DEFAULT_LISTENER = Listener(name=Name(SYSTEM_NAMESPACE, "http"), origin=BUILT_IN, port=8080)
"""Where the gateway listens when there are routes and nobody said where."""


class Checking:
    """The checked objects, kept up to date."""

    def __init__(self) -> None:
        self.services: dict[Name, Service] = {}
        self.listeners: dict[Name, Listener] = {}
        self.routing = Routing()
        self.guarding = Guarding()
        self._known_hosts: Mapping[str, Name] = {}
        self._delegates: dict[Name, RouteSet] = {}
        self._templates = Templates()
        self._joining = Joining()
        self._merged_services: Table[Service] = {}
        self._merged_workloads: Table[Workload] = {}
        self._known_listeners: Table[Listener] = {}
        self._checked_listeners: frozenset[Listener] = frozenset()
        self._listener_findings: tuple[Finding, ...] = ()
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
    def hosts(self) -> dict[str, Name]:
        """Services by the hosts that they say themselves."""
        return self._joining.hosts

    def update(self, merge: Merge, parts: Parts, position: Position, settings: Settings) -> None:
        """Bring everything up to date with what is merged now."""
        moved = self._templates.update(merge)
        joined = self._joining.update(merge, self.workloads, moved)
        names, is_renamed = self._update_services(self._joining.services, joined)
        known = self._known(merge, parts)
        before = self._known_listeners
        names |= {name for name in before.keys() | known.keys() if before.get(name) is not known.get(name)}
        self._known_listeners = known
        names |= self._update_hosts() | self._update_delegates(merge)
        directory = Directory(self.services, known, self._accounts, self.hosts, self._delegates)
        context = Context(names, directory, is_renamed)
        self._update_workloads(self.workloads, moved, context)
        self._update_listeners(known, merge, position, context)
        self.guarding.update(merge, self.workloads, moved, self._joining, settings)
        self.routing.update(merge, parts, context, position)
        self._overlap_findings = tuple(self.routing.overlaps.findings(self.routing.position(position)))

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
        yield from self._listener_findings
        yield from self._overlap_findings

    def _update_services(self, table: Table[Service], changed: frozenset[Name]) -> tuple[frozenset[Name], bool]:
        """The names of services that are different now, and whether other services exist."""
        before = self._merged_services
        self._merged_services = table
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
        self.services = replaced(
            self.services, [(name, checked(table[name]) if name in table else None) for name in names]
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

    @staticmethod
    def _known(merge: Merge, parts: Parts) -> Table[Listener]:
        """The listeners that are written, even if one of them cannot be used; or else the usual one."""
        if merge.listeners.table or not merge.has_routes:
            return merge.listeners.table
        if any(part.key.kind.endswith("/listener") for part in parts.findings):
            return {}
        return {DEFAULT_LISTENER.name: DEFAULT_LISTENER}

    def _update_listeners(self, known: Table[Listener], merge: Merge, position: Position, context: Context) -> None:
        def written(listener: Listener) -> int:
            return -1 if listener is DEFAULT_LISTENER else position(merge.listeners.part_of(listener.name))

        refused, self._listener_findings = conflicts.listeners(sorted(known.values(), key=written))
        usable = frozenset(known.values()) - refused
        self._listener_checks.update(usable - self._checked_listeners, self._checked_listeners - usable, context)
        self._checked_listeners = usable
        checked = {name: self._listener_checks.checked(item) for name, item in known.items() if item in usable}
        listeners = {name: listener for name, listener in checked.items() if listener is not None}
        if listeners != self.listeners:
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
