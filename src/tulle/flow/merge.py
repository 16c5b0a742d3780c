"""Merges what the parts say: every name belongs to one object, the first that was written. Knows no references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tulle.flow.claims import Claims, Contest
from tulle.flow.parts import Change
from tulle.flow.sharing import findings, together
from tulle.model.documents import Document, Key
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Fragment, Object, Settings
from tulle.model.names import INGRESS, SYSTEM_NAMESPACE, Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service
from tulle.model.workloads import Template, Workload

Position = Callable[[Document], int]
SETTINGS = Name(SYSTEM_NAMESPACE, "mesh")
NOBODY: frozenset[Name] = frozenset()


@dataclass(frozen=True, slots=True)
class Changed:
    """Names whose object appeared, vanished or is another one."""

    services: frozenset[Name] = NOBODY
    declared: frozenset[Name] = NOBODY
    workloads: frozenset[Name] = NOBODY
    listeners: frozenset[Name] = NOBODY
    objects: Mapping[type[Object], frozenset[Name]] = field(default_factory=dict)
    """By type; types of which nothing changed are left out."""


class Merge:
    """The objects of all parts by name. A part counts if it is the first of its key; then all that it says counts."""

    def __init__(self) -> None:
        self.settings: Claims[Settings] = Claims()
        self.services: Claims[Service] = Claims()
        self.declared: Claims[Service] = Claims(together)
        """Services that say nothing of how they run. Several documents may describe one host."""
        self.workloads: Claims[Workload] = Claims()
        self.listeners: Claims[Listener] = Claims()
        self.objects: dict[type[Object], Claims[Object]] = {}
        self.routes_added: dict[RouteSet, Document] = {}
        """By the last update: route sets that count now and did not before, each with its part."""
        self.routes_moved: dict[RouteSet, Document] = {}
        """By the last update: route sets that are the same in a new version of their part, which has mistakes."""
        self.routes_removed: frozenset[RouteSet] = frozenset()
        self.parts_moved: frozenset[Document] = frozenset()
        """By the last update: parts that stand somewhere else among the others."""
        self.changed = Changed()
        """By the last update."""
        self._unattached = self._of_ingress = 0
        self._parts: Contest[Key, Fragment] = Contest()
        self._active: dict[Key, tuple[Document, Fragment]] = {}

    def update(self, change: Change, fragments: Mapping[Document, Fragment], position: Position) -> None:
        """Take the parts that were added and removed."""
        self.parts_moved = change.moved
        for part in change.removed:
            self._parts.remove(part.key, part)
        for part in change.added:
            self._parts.add(part.key, part, fragments[part])
        dropped: set[RouteSet] = set()
        gained: dict[RouteSet, Document] = {}
        for name, _ in self._parts.decide(position):
            before, now = self._active.get(name), self._parts.winner(name)
            if before == now:
                continue
            if before is not None:
                self._deactivate(*before)
                dropped.update(before[1].routes)
                del self._active[name]
            if now is not None:
                self._activate(*now)
                gained.update(dict.fromkeys(now[1].routes, now[0]))
                self._active[name] = now
        self.routes_added = {route: part for route, part in gained.items() if route not in dropped}
        self.routes_moved = {route: part for route, part in gained.items() if route in dropped}
        self.routes_removed = frozenset(dropped - gained.keys())
        self.settings.settle(position)
        objects = {kind: claims.settle(position) for kind, claims in self.objects.items()}
        self.changed = Changed(
            services=self.services.settle(position),
            declared=self.declared.settle(position),
            workloads=self.workloads.settle(position),
            listeners=self.listeners.settle(position),
            objects={kind: names for kind, names in objects.items() if names},
        )

    @property
    def has_routes(self) -> bool:
        """Whether any route wants to be on the gateway without saying on which listener."""
        return self._unattached > 0

    @property
    def has_ingress(self) -> bool:
        """Whether any route asks for the listeners that all Ingresses share."""
        return self._of_ingress > 0

    def _count(self, fragment: Fragment, step: int) -> None:
        for route in fragment.routes:
            self._unattached += step * is_for_gateway(route)
            self._of_ingress += step * any(parent.name == INGRESS for parent in route.parents)

    def table(self, kind: type[Object]) -> Mapping[Name, Object]:
        """All objects of a type, by name."""
        claims = self.objects.get(kind)
        return {} if claims is None else claims.table

    def findings(self, position: Position) -> Iterator[Finding]:
        """About every object whose name belongs to an earlier one."""
        claims: tuple[Contest[Any, Any], ...] = (self._parts, self.listeners, *self.objects.values())
        for each in claims:
            for _, first, other in each.losers(position):
                yield _twice(other, first)
        for name, first, other in self.declared.losers(position):
            one, two = self.declared.wanted(name, first), self.declared.wanted(name, other)
            yield from findings(one, two) if one.hosts or two.hosts else (_twice(other, first),)
        for name, first, other in self.workloads.losers(position):
            message = f"its workload {name.name} has the name of that of {first.origin.subject} ({first.origin})"
            yield Finding.error(other.origin, f"{other.origin.subject}: {message}; rename one of them")

    def _activate(self, part: Document, fragment: Fragment) -> None:
        self._count(fragment, 1)
        if fragment.settings is not None:
            self.settings.add(SETTINGS, part, fragment.settings)
        for service in fragment.services:
            self.services.add(service.name, part, service)
        for service in fragment.declared:
            self.declared.add(service.name, part, service)
        for workload in fragment.workloads:
            self.workloads.add(workload.name, part, workload)
        for listener in fragment.listeners:
            self.listeners.add(listener.name, part, listener)
        for each in fragment.objects:
            self.objects.setdefault(type(each), Claims()).add(name_of(each), part, each)

    def _deactivate(self, part: Document, fragment: Fragment) -> None:
        self._count(fragment, -1)
        if fragment.settings is not None:
            self.settings.remove(SETTINGS, part)
        for service in fragment.services:
            self.services.remove(service.name, part)
        for service in fragment.declared:
            self.declared.remove(service.name, part)
        for workload in fragment.workloads:
            self.workloads.remove(workload.name, part)
        for listener in fragment.listeners:
            self.listeners.remove(listener.name, part)
        for each in fragment.objects:
            self.objects[type(each)].remove(name_of(each), part)


def is_for_gateway(route: RouteSet) -> bool:
    """Whether it is for requests that come in at the gateway without saying to which listener."""
    return route.service is None and not route.mesh_hosts and not route.parents and not route.is_delegate


def name_of(thing: Object) -> Name:
    """What an object is called among those of its type."""
    if isinstance(thing, Template):
        return Name(thing.name.namespace, f"{thing.kind}/{thing.name.name}")
    return thing.name if isinstance(thing.name, Name) else Name("", thing.name)


def _twice(other: Document, first: Document) -> Finding:
    subject = other.origin.subject
    return Finding.error(other.origin, f"{subject} is given twice (first at {first.origin}); the first one counts")
