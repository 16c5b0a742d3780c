"""Things that are fine by themselves and cannot be true together: two listeners on a port, two routes for a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address

from tulle.envoy.routes import age_of
from tulle.flow.placement import HOSTLESS, family
from tulle.kit.groups import Groups
from tulle.model.findings import Finding, Severity
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.routes import Match, PathKind, RouteRule, RouteSet

Place = tuple[str, Match]
"""A host and conditions: what one request can match."""


def listeners(candidates: Iterable[Listener]) -> tuple[frozenset[Listener], tuple[Finding, ...]]:
    """The listeners that cannot have their port, as an earlier one has it, and findings about them and redirects."""
    kept: dict[int, list[Listener]] = {}
    refused: set[Listener] = set()
    findings = []
    for listener in candidates:
        others = kept.setdefault(listener.port, [])
        other = next((other for other in others if _collide(listener, other)), None)
        if other is None:
            others.append(listener)
            continue
        refused.add(listener)
        message = f"port {listener.port} is already that of {_called(other)} ({other.origin})"
        findings.append(Finding.error(listener.origin, f"{_called(listener)}: {message}"))
    everything = [listener for others in kept.values() for listener in others]
    secure = {listener.port for listener in everything if listener.protocol is ListenerProtocol.HTTPS}
    for listener in everything:
        if listener.redirect_to_https is not None and listener.redirect_to_https not in secure:
            message = f"{_called(listener)}: redirects to port {listener.redirect_to_https}, where no https listener is"
            # Other documents may bring it later; a native file says all of it.
            severity = Severity.ERROR if listener.gateway is None else Severity.WARNING
            findings.append(Finding(severity, message, listener.origin))
    return frozenset(refused), tuple(findings)


def _called(listener: Listener) -> str:
    if listener.gateway is None:
        return f"listener {listener.name.name}"
    return f'{listener.origin.subject or listener.gateway.name}: server "{listener.section}"'


def _collide(one: Listener, other: Listener) -> bool:
    """Whether two listeners of a port cannot be there together: what comes in there could be for either of them."""
    if (one.protocol is ListenerProtocol.UDP) != (other.protocol is ListenerProtocol.UDP):
        return False
    first, second = ip_address(one.address), ip_address(other.address)
    if first != second and not first.is_unspecified and not second.is_unspecified:
        return False
    return first != second or not _share(one, other)


def _share(one: Listener, other: Listener) -> bool:
    """Whether two listeners can share a socket: host names tell them apart, or nothing has to."""
    if family(one.protocol) != family(other.protocol) or one.protocol in HOSTLESS:
        return False
    is_apart = {each.host for each in one.hosts}.isdisjoint(each.host for each in other.hosts)
    # Servers of several gateways on one port are one to Istio: the routes of all of them are tried.
    are_merged = one.protocol is ListenerProtocol.HTTP and (one.gateway is not None or other.gateway is not None)
    return is_apart or are_merged


class Routes:
    """Which routes of the gateway want the very same requests."""

    def __init__(self) -> None:
        self._claims: Groups[Place, RouteSet] = Groups()
        self._contested: set[Place] = set()

    def add(self, route: RouteSet) -> None:
        """A route is there."""
        for place, _ in _places(route):
            self._claims.add(place, route)
            if len(self._claims.get(place)) > 1:
                self._contested.add(place)

    def remove(self, route: RouteSet) -> None:
        """A route is gone."""
        for place in dict(_places(route)):
            self._claims.remove(place, route)
            if len(self._claims.get(place)) <= 1:
                self._contested.discard(place)

    def findings(self, position: Callable[[RouteSet], int], is_asking: Callable[[RouteSet], bool]) -> Iterator[Finding]:
        """Of routes for the same requests, the one that is tried first is used; about each of the others.

        It is a mistake if nothing is left to a route, unless it `is_asking` to be attached: Gateway API and Istio say
        which of them counts.
        """
        lost: dict[RouteSet, list[tuple[Place, RouteSet]]] = {}
        for place in self._contested:
            routes = sorted(self._claims.get(place), key=lambda each: (age_of(each), position(each)))
            for index, route in enumerate(routes):
                first = next((other for other in routes[:index] if _share_listener(route, other)), None)
                if first is not None:
                    lost.setdefault(route, []).append((place, first))
        for route, places in lost.items():
            rules = dict(_places(route))
            is_useless = not is_asking(route) and len(places) == len(rules)
            for place, first in places:
                yield _taken(place, rules[place], first, is_useless=is_useless)


def _places(route: RouteSet) -> Iterator[tuple[Place, RouteRule]]:
    for rule in route.rules:
        for match in rule.matches:
            for host in route.hosts:
                yield (host, match), rule


def _share_listener(one: RouteSet, other: RouteSet) -> bool:
    return not one.listeners or not other.listeners or not set(one.listeners).isdisjoint(other.listeners)


def _taken(place: Place, rule: RouteRule, first: RouteSet, *, is_useless: bool) -> Finding:
    host, match = place
    path = "every path" if match.path is None else f"path {match.path.value}"
    if match.path is not None and match.path.kind is PathKind.REGEX:
        path = f"paths like {match.path.value}"
    more = " with the same conditions" if match.methods or match.headers or match.query else ""
    hosts = "every host" if host == "*" else f"host {host}"
    message = f"{hosts} and {path}{more} are already taken by {first.origin.subject} ({first.origin}), which is used"
    make = Finding.error if is_useless else Finding.warning
    return make(rule.origin, f"{rule.origin.subject}: {message}")
