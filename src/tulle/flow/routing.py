"""The checked routes in the order in which they are written, kept up to date as they change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

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

NOTHING = Fragment()


class Routing:
    """Routes of the gateway, and rules of the mesh by the service that is called."""

    def __init__(self) -> None:
        self.checks: Checks[RouteSet] = Checks(check_route)
        self.overlaps = conflicts.Routes()
        self.gateway: tuple[RouteSet, ...] = ()
        self.services: dict[Name, tuple[RouteSet, ...]] = {}
        self._parts: dict[RouteSet, Document] = {}
        """Every route that counts, with its part."""
        self._gateway: dict[Document, tuple[RouteSet, ...]] = {}
        """What each part adds to the routes of the gateway."""
        self._of_service: dict[Name, set[RouteSet]] = {}

    def update(self, merge: Merge, parts: Parts, context: Context) -> None:
        """Bring everything up to date with what is merged now."""
        added, removed, moved = merge.routes_added, merge.routes_removed, merge.routes_moved
        touched = self.checks.update(added, removed, context) | removed
        stale = {self._parts[route] for route in (*removed, *moved)}
        for route in removed:
            self._remove(route)
        for route, part in added.items():
            self._add(route, part)
        self._parts.update(moved)
        stale.update(self._parts[route] for route in (*(touched - removed), *moved))
        for part in stale:
            self._gateway.pop(part, None)
            if routes := tuple(self._checked_of(part, parts.fragments.get(part, NOTHING))):
                self._gateway[part] = routes
        gateway = tuple(chain.from_iterable(map(self._gateway.get, parts.order, repeat(()))))
        if gateway != self.gateway:
            self.gateway = gateway
        self._settle_services(touched, parts)

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

    def _checked_of(self, part: Document, fragment: Fragment) -> Iterator[RouteSet]:
        """The checked routes of the gateway that stand in a part."""
        for route in fragment.routes:
            if route.service is None and self._parts.get(route) is part:
                checked = self.checks.checked(route)
                if checked is not None:
                    yield checked

    def _settle_services(self, touched: frozenset[RouteSet], parts: Parts) -> None:
        """`touched` are the routes that were added, removed, or are checked differently."""
        several = {name for name, routes in self._of_service.items() if len(routes) > 1}
        written: list[RouteSet] = []
        if several:
            wanted = set().union(*(self._of_service[name] for name in several))
            written = [
                route
                for part in parts.order
                for route in parts.fragments[part].routes
                if route in wanted and self._parts[route] is part
            ]
        names = several | {route.service for route in touched if route.service is not None}
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
