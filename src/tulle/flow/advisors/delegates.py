"""Rules that others delegate to: those that nobody uses, and those that cannot match where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.advisors.base import World
from tulle.flow.resolving import within
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.routes import Delegate, RouteRule, RouteSet


class Delegates:
    """Looks at all of them whenever one is different: there are few."""

    def __init__(self) -> None:
        self._delegates: dict[Name, RouteSet] = {}
        self._delegating: dict[RouteSet, None] = {}
        self._findings: tuple[Finding, ...] = ()

    def update(self, world: World) -> None:
        """Look again if anything changed."""
        is_touched = False
        for route in world.routes_removed:
            if route.is_delegate or route in self._delegating:
                is_touched = True
                self._delegating.pop(route, None)
                if self._delegates.get(route.name) is route:
                    del self._delegates[route.name]
        for route in world.routes_added:
            if route.is_delegate:
                self._delegates[route.name] = route
            elif any(isinstance(rule.action, Delegate) for rule in route.rules):
                self._delegating[route] = None
            else:
                continue
            is_touched = True
        if is_touched:
            self._findings = tuple(dict.fromkeys(self._look()))

    def findings(self) -> Iterable[Finding]:
        """About every delegate that is not used, or not all of it."""
        return self._findings

    def _look(self) -> Iterator[Finding]:
        used: set[Name] = set()
        for route in self._delegating:
            for rule in route.rules:
                if isinstance(rule.action, Delegate):
                    used.add(rule.action.to)
                    yield from self._excluded(route, rule, rule.action.to)
        for name, route in self._delegates.items():
            if name not in used:
                yield _unused(route)

    def _excluded(self, route: RouteSet, outer: RouteRule, to: Name) -> Iterator[Finding]:
        """Rules of a delegate whose conditions contradict those under which it is used."""
        delegate = self._delegates.get(to)
        for rule in delegate.rules if delegate is not None else ():
            if within(outer, rule) is None:
                where = f"{route.origin.subject} ({outer.origin})"
                message = f"this rule is not used by {where}: no request meets the conditions of both"
                yield Finding.warning(rule.origin, f"{rule.origin.subject}: {message}")


def _unused(route: RouteSet) -> Finding:
    message = "has no hosts and nobody delegates to it, so its rules are not used; give it hosts, or delegate to it"
    return Finding.warning(route.origin, f"{route.origin.subject} {message}")


ADVISOR = Delegates
