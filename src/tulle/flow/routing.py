"""The checked routes in the order in which they are written, kept up to date as they change."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.flow import conflicts
from tulle.flow.checks import Checks, Context
from tulle.flow.claims import replaced
from tulle.flow.merge import Merge
from tulle.flow.parts import Parts
from tulle.flow.references import check_route
from tulle.model.names import Name
from tulle.model.routes import RouteSet


class Routing:
    """Routes of the gateway, and rules of the mesh by the service that is called."""

    def __init__(self) -> None:
        self.checks: Checks[RouteSet] = Checks(check_route)
        self.overlaps = conflicts.Routes()
        self.gateway: tuple[RouteSet, ...] = ()
        self.services: dict[Name, tuple[RouteSet, ...]] = {}
        self._known: frozenset[RouteSet] = frozenset()
        self._services: dict[Name, list[RouteSet]] = {}

    def update(self, merge: Merge, parts: Parts, context: Context) -> None:
        """Bring everything up to date with what is merged now."""
        now = frozenset(merge.service_routes) | frozenset(merge.routes.table.values())
        added, removed = now - self._known, self._known - now
        self._known = now
        different = self.checks.update(added, removed, context)
        for route in removed:
            self._remove(route)
        for route in added:
            self._add(route)
        self._settle(different | removed, parts)

    def _add(self, route: RouteSet) -> None:
        if route.service is None:
            self.overlaps.add(route)
        else:
            self._services.setdefault(route.service, []).append(route)

    def _remove(self, route: RouteSet) -> None:
        if route.service is None:
            self.overlaps.remove(route)
        else:
            self._services[route.service].remove(route)

    def _settle(self, touched: frozenset[RouteSet], parts: Parts) -> None:
        """`touched` are the routes that were added, removed, or are checked differently."""
        several = {name for name, routes in self._services.items() if len(routes) > 1}
        names = several | {route.service for route in touched if route.service is not None}
        written = self._written(parts)
        gateway = (self.checks.checked(route) for route in written if route.service is None)
        self.gateway = _unless_equal(self.gateway, tuple(route for route in gateway if route is not None))
        self.services = replaced(self.services, [(name, self._of(name, written)) for name in names])

    def _written(self, parts: Parts) -> dict[RouteSet, int]:
        """Every route that counts, with its place in the order in which they are written."""
        known, written = self._known, {}
        for part in parts.order:
            for route in parts.fragments[part].routes:
                if route in known:
                    written[route] = len(written)
        return written

    def _of(self, name: Name, written: Mapping[RouteSet, int]) -> tuple[RouteSet, ...] | None:
        """The rules for calls to one service; None if there are none."""
        routes = self._services.get(name, [])
        if not routes:
            self._services.pop(name, None)
            return None
        if len(routes) > 1:
            routes = sorted(routes, key=lambda route: written[route])
        checked = tuple(route for item in routes if (route := self.checks.checked(item)) is not None)
        return _unless_equal(self.services.get(name, ()), checked) or None


def _unless_equal(before: tuple[RouteSet, ...], after: tuple[RouteSet, ...]) -> tuple[RouteSet, ...]:
    """The same tuple as before, if it has the same objects (they are compared by identity)."""
    return before if before == after else after
