"""The checked routes in the order in which they are written, kept up to date as they change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from tulle.flow import conflicts
from tulle.flow.attachment import Attached
from tulle.flow.checks import Checks, Context
from tulle.flow.merge import Merge, Position
from tulle.flow.parts import Parts
from tulle.flow.references import check_route
from tulle.flow.statuses import RouteStatuses
from tulle.kit.groups import Groups
from tulle.kit.sequences import Ranked
from tulle.kit.tables import replaced
from tulle.model.documents import Document
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import RouteSet

NONE: tuple[RouteSet, ...] = ()
Order = tuple[int, Name, int]
"""Of sets: their part, their name (a document may say several), and where it was attached."""
Key = TypeVar("Key", Name, str)


class Routing:
    """Routes of the gateway, and rules of the mesh by the service or the host that is called.

    What is written becomes any number of attached sets: one for each place where it may be.
    """

    def __init__(self) -> None:
        self.checks: Checks[RouteSet, tuple[RouteSet, ...]] = Checks(check_route)
        self.statuses = RouteStatuses()
        self.overlaps = conflicts.Routes()
        self.services: dict[Name, tuple[RouteSet, ...]] = {}
        self.hosts: dict[str, tuple[RouteSet, ...]] = {}
        self._parts: dict[RouteSet, Document] = {}
        """Every written set that counts, with its part."""
        self._attached: dict[RouteSet, tuple[RouteSet, ...]] = {}
        """What became of each."""
        self._outcomes: dict[RouteSet, Attached] = {}
        """What became of each at its parents."""
        self._written: dict[RouteSet, RouteSet] = {}
        """What each attached set was written as."""
        self._gateway: Ranked[Document, RouteSet] = Ranked()
        """What each part adds to the routes of the gateway."""
        self._of_service: Groups[Name, RouteSet] = Groups()
        self._of_host: Groups[str, RouteSet] = Groups()

    @property
    def gateway(self) -> tuple[RouteSet, ...]:
        """The routes of the gateway, in order."""
        return self._gateway.together

    def update(self, merge: Merge, parts: Parts, context: Context, position: Position) -> None:
        """Bring everything up to date with what is merged now."""
        added, removed, moved = merge.routes_added, merge.routes_removed, merge.routes_moved
        known = {route: self._outcome(route) for route in removed}
        touched = self.checks.update(added, removed, context) | removed
        stale = {self._parts[route] for route in (*removed, *moved)}
        names: set[Name] = set()
        hosts: set[str] = set()
        for route in removed:
            self._take_away(route, names, hosts)
            self.statuses.put(route, known[route], None)
            self._outcomes.pop(route, None)
            del self._parts[route]
        self._parts.update({**added, **moved})
        for route in touched - removed:
            self._take_away(route, names, hosts)
            self._put(route, self.checks.checked(route) or NONE, names, hosts)
        for route in self.checks.looked_at:
            self._note(route)
        stale.update(self._parts[route] for route in (*(touched - removed), *moved))
        self._settle_gateway(stale, merge.parts_moved, parts, position)
        order = self._order(position)
        if moved or merge.parts_moved:
            # Of several sets the order may be another one, though none of them changed.
            names.update(key for key, group in self._of_service.items() if len(group) > 1)
            hosts.update(key for key, group in self._of_host.items() if len(group) > 1)
        self.services = _settled(self.services, self._of_service, names, order)
        self.hosts = _settled(self.hosts, self._of_host, hosts, order)

    def _outcome(self, route: RouteSet) -> Attached | None:
        return self._outcomes.get(route)

    def _note(self, route: RouteSet) -> None:
        """Keep what became of a route at its parents."""
        checked = self.checks.get(route)
        before, after = self._outcomes.get(route), checked.attached if checked is not None else None
        if before is after:
            return
        self.statuses.put(route, before, after)
        if after is None:
            del self._outcomes[route]
        else:
            self._outcomes[route] = after

    def position(self, position: Position) -> Callable[[RouteSet], int]:
        """Where an attached set stands among all of them."""
        return lambda route: position(self._parts[self._written[route]])

    def is_asking(self, route: RouteSet) -> bool:
        """Whether an attached set was written as one that asks to be attached."""
        return bool(self._written[route].parents)

    def _order(self, position: Position) -> Callable[[RouteSet], Order]:
        def order(route: RouteSet) -> Order:
            written = self._written[route]
            return position(self._parts[written]), written.name, self._attached[written].index(route)

        return order

    def _put(self, written: RouteSet, attached: tuple[RouteSet, ...], names: set[Name], hosts: set[str]) -> None:
        self._attached[written] = attached
        for route in attached:
            self._written[route] = written
            if route.service is not None:
                names.add(route.service)
                self._of_service.add(route.service, route)
            elif route.mesh_hosts:
                hosts.update(route.mesh_hosts)
                for host in route.mesh_hosts:
                    self._of_host.add(host, route)
            else:
                self.overlaps.add(route)

    def _take_away(self, written: RouteSet, names: set[Name], hosts: set[str]) -> None:
        for route in self._attached.pop(written, NONE):
            del self._written[route]
            if route.service is not None:
                names.add(route.service)
                self._of_service.remove(route.service, route)
            elif route.mesh_hosts:
                hosts.update(route.mesh_hosts)
                for host in route.mesh_hosts:
                    self._of_host.remove(host, route)
            else:
                self.overlaps.remove(route)

    def _settle_gateway(
        self, stale: set[Document], moved: frozenset[Document], parts: Parts, position: Position
    ) -> None:
        known = {part: parts.fragments[part] for part in stale | moved if part in parts.fragments}
        groups = {part: (position(part), tuple(self._of_part(part, each))) for part, each in known.items()}
        self._gateway.update(stale - known.keys(), groups)

    def _of_part(self, part: Document, fragment: Fragment) -> Iterator[RouteSet]:
        """The attached routes of the gateway that stand in a part."""
        for written in fragment.routes:
            if self._parts.get(written) is part:
                for route in self._attached[written]:
                    if route.service is None and not route.mesh_hosts:
                        yield route


def _settled(
    before: dict[Key, tuple[RouteSet, ...]],
    groups: Groups[Key, RouteSet],
    touched: set[Key],
    order: Callable[[RouteSet], Order],
) -> dict[Key, tuple[RouteSet, ...]]:
    """The sets of each key in order; the same tuple where nothing is different."""
    changes: list[tuple[Key, tuple[RouteSet, ...] | None]] = []
    for key in touched:
        group = groups.get(key)
        if not group:
            changes.append((key, None))
            continue
        ordered = tuple(sorted(group, key=order)) if len(group) > 1 else tuple(group)
        known = before.get(key)
        changes.append((key, known if known == ordered else ordered))
    return replaced(before, changes)
