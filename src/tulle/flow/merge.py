"""Merges what the parts say: every name belongs to one object, the first that was written. Knows no references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tulle.flow.claims import Claims
from tulle.flow.parts import Change
from tulle.model.documents import Document
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Fragment, Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.workloads import Workload

Position = Callable[[Document], int]
SETTINGS = Name(SYSTEM_NAMESPACE, "mesh")


@dataclass(frozen=True, slots=True)
class Changed:
    """Names whose object appeared, vanished or is another one."""

    services: frozenset[Name]
    workloads: frozenset[Name]
    listeners: frozenset[Name]
    routes: frozenset[Name]
    """Of the gateway."""


UNCHANGED = Changed(frozenset(), frozenset(), frozenset(), frozenset())


class Merge:
    """The objects of all parts by name."""

    def __init__(self) -> None:
        self.settings: Claims[Settings] = Claims()
        self.services: Claims[Service] = Claims()
        self.workloads: Claims[Workload] = Claims()
        self.listeners: Claims[Listener] = Claims()
        self.routes: Claims[RouteSet] = Claims()
        self.routes_added: dict[RouteSet, Document] = {}
        """By the last update: routes of the gateway and rules of the mesh that count now, each with its part."""
        self.routes_moved: dict[RouteSet, Document] = {}
        """By the last update: routes that are the same in a new version of their part, because that has mistakes."""
        self.routes_removed: frozenset[RouteSet] = frozenset()
        self.changed = UNCHANGED
        """By the last update."""
        self._fragments: dict[Document, Fragment] = {}
        self._active: set[Document] = set()
        self._dropped: set[RouteSet] = set()
        self._gained: dict[RouteSet, Document] = {}

    def update(self, change: Change, fragments: Mapping[Document, Fragment], position: Position) -> None:
        """Take the parts that were added and removed."""
        self._dropped, self._gained = set(), {}
        gateway = self.routes.table
        for part in change.removed:
            self._withdraw(part)
        for part in change.added:
            self._offer(part, fragments[part])
        services = self._settle_services(change, position)
        self.settings.settle(position)
        self.changed = Changed(
            services,
            self.workloads.settle(position),
            self.listeners.settle(position),
            self.routes.settle(position),
        )
        self._note_routes(gateway, change.added)

    def findings(self, position: Position) -> Iterator[Finding]:
        """About every object whose name belongs to an earlier one."""
        for _, first, other in self.settings.losers(position):
            yield _twice(other, first)
        for _, first, other in self.services.losers(position):
            yield _twice(other, first)
        for claims in (self.listeners, self.routes):
            for _, first, other in claims.losers(position):
                yield _twice(other, first)
        for name, first, other in self.workloads.losers(position):
            message = f"its workload {name.name} has the name of that of {first.origin.subject} ({first.origin})"
            yield Finding.error(other.origin, f"{other.origin.subject}: {message}; rename one of them")

    def _note_routes(self, before: Mapping[Name, RouteSet], offered: frozenset[Document]) -> None:
        """What is different among all routes; `before` are those of the gateway before."""
        now = self.routes.table
        added = {now[name]: self.routes.part_of(name) for name in self.changed.routes if name in now}
        self.routes_moved = {
            route: part
            for part in self._active & offered
            for route in self._fragments[part].routes
            if route not in added and now.get(route.name) is route
        }
        removed = frozenset(before[name] for name in self.changed.routes if name in before)
        self.routes_added = added | self._gained
        self.routes_removed = removed | self._dropped

    def _offer(self, part: Document, fragment: Fragment) -> None:
        self._fragments[part] = fragment
        if fragment.settings is not None:
            self.settings.add(SETTINGS, part, fragment.settings)
        for service in fragment.services:
            self.services.add(service.name, part, service)

    def _withdraw(self, part: Document) -> None:
        fragment = self._fragments.pop(part)
        if fragment.settings is not None:
            self.settings.remove(SETTINGS, part)
        for service in fragment.services:
            self.services.remove(service.name, part)
        if part in self._active:
            self._deactivate(part, fragment)

    def _settle_services(self, change: Change, position: Position) -> frozenset[Name]:
        """What belongs to a service counts only if the service itself has its name."""
        rivals = self.services.rivals()
        changed = self.services.settle(position)
        table = self.services.table
        for part in change.added | rivals:
            fragment = self._fragments[part]
            is_active = all(table.get(service.name) is service for service in fragment.services)
            if is_active and part not in self._active:
                self._activate(part, fragment)
            elif not is_active and part in self._active:
                self._deactivate(part, fragment)
        return changed

    def _activate(self, part: Document, fragment: Fragment) -> None:
        self._active.add(part)
        for workload in fragment.workloads:
            self.workloads.add(workload.name, part, workload)
        for listener in fragment.listeners:
            self.listeners.add(listener.name, part, listener)
        for route in fragment.routes:
            if route.service is None:
                self.routes.add(route.name, part, route)
            else:
                self._gained[route] = part

    def _deactivate(self, part: Document, fragment: Fragment) -> None:
        self._active.discard(part)
        for workload in fragment.workloads:
            self.workloads.remove(workload.name, part)
        for listener in fragment.listeners:
            self.listeners.remove(listener.name, part)
        for route in fragment.routes:
            if route.service is None:
                self.routes.remove(route.name, part)
            else:
                self._dropped.add(route)


def _twice(other: Document, first: Document) -> Finding:
    subject = other.origin.subject
    return Finding.error(other.origin, f"{subject} is given twice (first at {first.origin}); the first one counts")
