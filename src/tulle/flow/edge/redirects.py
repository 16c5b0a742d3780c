"""Entry points that send all requests to another one, as sets of routes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tulle.flow.edge.parents import at_top
from tulle.flow.edge.places import plain_listener, real_port, tls_listener
from tulle.kit.memo import remember
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.findings import Finding
from tulle.model.hostnames import ANY
from tulle.model.names import Name
from tulle.model.routers import STATIC, EntryPoint, Redirection
from tulle.model.routes import Match, Respond, RouteRule, RouteSet, ValueKind, ValueMatch
from tulle.model.steps import RedirectScheme

CHALLENGES = Condition(Subject.PATH, Comparison.PREFIX, "/.well-known/acme-challenge/")


def redirects(points: Mapping[Name, EntryPoint]) -> Iterator[RouteSet]:
    """One for each entry point that sends requests elsewhere."""
    for point in points.values():
        if point.redirect is not None and (port := target(point, points)) is not None:
            yield _redirecting(point, port)


def findings(points: Mapping[Name, EntryPoint]) -> Iterator[Finding]:
    """Entry points that are named and do not exist."""
    for point in points.values():
        if point.redirect is not None and target(point, points) is None:
            known = ", ".join(sorted(name.name for name in points))
            message = f'{point.origin.subject}: there is no entry point "{point.redirect.to}"; there are {known}'
            yield Finding.error(point.redirect.origin, message)


def target(point: EntryPoint, points: Mapping[Name, EntryPoint]) -> str | None:
    """The port that requests are sent to; None if there is no such entry point."""
    if point.redirect is None:
        return None
    if point.redirect.to.startswith(":"):
        port = point.redirect.to[1:]
        return port if port.isdecimal() and 0 < int(port) < 65536 else None
    other = points.get(Name(STATIC, point.redirect.to))
    return str(other.port) if other is not None else None


@remember(size=1)
def _redirecting(point: EntryPoint, port: str) -> RouteSet:
    assert point.redirect is not None
    name = Name(point.name.namespace, f"{point.name.name}-to-{point.redirect.to.strip(':')}")
    return RouteSet(
        name=name,
        origin=point.origin,
        hosts=(ANY,),
        listeners=(tls_listener(point) if point.tls is not None else plain_listener(point),),
        rules=tuple(_rules(point, point.redirect, port, name.name)),
        priority=at_top(point.redirect.priority),
    )


def _rules(point: EntryPoint, redirect: Redirection, port: str, name: str) -> Iterator[RouteRule]:
    """Who came to a port that was moved up is sent to one; everybody else came through something that moves them."""
    real = real_port(point.port)
    everything = Match(conditions=(replace(CHALLENGES, is_negated=True),) if redirect.spares_challenges else ())
    if real != point.port:
        moved = replace(everything, headers=(_at_port(real),))
        yield _rule(point, redirect, str(real_port(int(port))), f"{name}-moved", moved)
    yield _rule(point, redirect, port, name, everything)


def _at_port(port: int) -> ValueMatch:
    return ValueMatch(name="host", kind=ValueKind.SUFFIX, value=f":{port}")


def _rule(point: EntryPoint, redirect: Redirection, port: str, name: str, match: Match) -> RouteRule:
    step = RedirectScheme(scheme=redirect.scheme, port=port, is_permanent=redirect.is_permanent)
    return RouteRule(name=name, origin=point.origin, matches=(match,), action=Respond(status=418), steps=(step,))
