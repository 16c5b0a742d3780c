"""Routers are for connections whose TLS was ended as they want it: requests on others are refused. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tulle.flow.edge.joining import MISDIRECTED
from tulle.kit.memo import remember
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.routers import Router
from tulle.model.routes import Match, RouteRule, RouteSet


@remember(size=2)
def refused(route: RouteSet, router: Router, foreign: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[RouteSet, ...]:
    """The routes of a router without requests on connections that are `foreign` to it at some of its listeners."""
    others = dict(foreign)
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in route.listeners:
        groups.setdefault(others.get(name, ()), []).append(name)
    return tuple(
        replace(route, listeners=tuple(names), rules=(*_refusing(router, ways), *route.rules))
        for ways, names in groups.items()
    )


@remember(size=2)
def without(route: RouteSet, nowhere: tuple[str, ...]) -> tuple[RouteSet, ...]:
    """The routes of a router that is not for some of its listeners; nothing if it has no others."""
    left = tuple(name for name in route.listeners if name not in nowhere)
    return (replace(route, listeners=left),) if left else ()


def _refusing(router: Router, ways: tuple[str, ...]) -> Iterator[RouteRule]:
    if ways:
        ended = [Condition(Subject.ENDING, Comparison.EXACT, each) for each in ways]
        matches = tuple(Match(conditions=(*each, way)) for each in router.alternatives for way in ended)
        yield RouteRule(name="misdirected", origin=router.origin, matches=matches, action=MISDIRECTED)
