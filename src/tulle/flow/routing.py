"""The checked routes in the order in which they are written, kept up to date as they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tulle.flow import conflicts
from tulle.flow.checks import Checks, Context
from tulle.flow.claims import replaced
from tulle.flow.merge import Merge
from tulle.flow.parts import Parts
from tulle.flow.references import check_route
from tulle.model.documents import Document
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import RouteSet


class Routing:
    """Routes of the gateway, and rules of the mesh by the service that is called."""

    def __init__(self) -> None:
        self.checks: Checks[RouteSet] = Checks(check_route)
        self.overlaps = conflicts.Routes()
        self.gateway: tuple[RouteSet, ...] = ()
        self.services: dict[Name, tuple[RouteSet, ...]] = {}
        self._parts: dict[RouteSet, Document] = {}
        """Every route that counts, with its part."""
        self._order: list[Document] = []
        """The parts that have routes, as they are written."""
        self._of_service: dict[Name, set[RouteSet]] = {}

    def update(self, merge: Merge, parts: Parts, context: Context) -> None:
        """Bring everything up to date with what is merged now."""
        added, removed = merge.routes_added, merge.routes_removed
        touched = self.checks.update(added, removed, context) | removed
        for route in removed:
            self._remove(route)
        for route, part in added.items():
            self._add(route, part)
        self._parts.update(merge.routes_moved)
        with_routes = set(self._parts.values())
        before, self._order = self._order, [part for part in parts.order if part in with_routes]
        if touched or before != self._order:
            self._settle(touched, parts.fragments)

    def _add(self, route: RouteSet, part: Document) -> None:
        self._parts[route] = part
        if route.service is None:
            self.overlaps.add(route)
        else:
            self._of_service.setdefault(route.service, set()).add(route)

    def _remove(self, route: RouteSet) -> None:
        del self._parts[route]
        if route.service is None:
            self.overlaps.remove(route)
        else:
            self._of_service[route.service].remove(route)

    def _settle(self, touched: frozenset[RouteSet], fragments: Mapping[Document, Fragment]) -> None:
        """`touched` are the routes that were added, removed, or are checked differently."""
        known = self._parts
        written = [route for part in self._order for route in fragments[part].routes if route in known]
        gateway = (self.checks.checked(route) for route in written if route.service is None)
        self.gateway = tuple(route for route in gateway if route is not None)
        names = {name for name, routes in self._of_service.items() if len(routes) > 1}
        names |= {route.service for route in touched if route.service is not None}
        self.services = replaced(self.services, [(name, self._of(name, written)) for name in names])

    def _of(self, name: Name, written: Sequence[RouteSet]) -> tuple[RouteSet, ...] | None:
        """The rules for calls to one service; None if there are none."""
        routes = self._of_service.get(name, set())
        if not routes:
            self._of_service.pop(name, None)
            return None
        ordered = [route for route in written if route in routes] if len(routes) > 1 else routes
        checked = tuple(route for item in ordered if (route := self.checks.checked(item)) is not None)
        before = self.services.get(name)
        return before if before == checked else checked or None
