from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.flow import conflicts
from tulle.model.documents import Anchor, Origin
from tulle.model.findings import Severity
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.names import Name
from tulle.model.routes import Match, PathKind, PathMatch, Respond, RouteRule, RouteSet

HTTP, HTTPS = ListenerProtocol.HTTP, ListenerProtocol.HTTPS
TCP, UDP = ListenerProtocol.TCP, ListenerProtocol.UDP


def listener(
    name: str, address: str = "127.0.0.1", protocol: ListenerProtocol = HTTP, redirect: int | None = None
) -> Listener:
    origin = Origin("file", "a.yaml", subject=f"listener {name}")
    return Listener(
        name=Name("s", name), origin=origin, port=80, address=address, protocol=protocol, redirect_to_https=redirect
    )


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (listener("a"), listener("b"), True),
        (listener("a", "0.0.0.0"), listener("b"), True),
        (listener("a"), listener("b", "::"), True),
        (listener("a"), listener("b", "127.0.0.2"), False),
        (listener("a"), listener("b", protocol=UDP), False),
        (listener("a"), listener("b", protocol=HTTPS), True),
        (listener("a", protocol=TCP), listener("b", protocol=TCP), True),
    ],
)
def test_a_port_belongs_to_the_first_listener(one: Listener, other: Listener, collide: bool) -> None:
    refused, findings = conflicts.listeners([one, other])
    assert refused == (frozenset([other]) if collide else frozenset())
    expected = ["listener b: port 80 is already that of listener a (a.yaml:1)"] if collide else []
    assert [finding.message for finding in findings] == expected


def test_a_redirect_needs_a_listener_to_go_to() -> None:
    (finding,) = conflicts.listeners([listener("a", redirect=443)])[1]
    assert finding.message == "listener a: redirects to port 443, where no https listener is"
    secure = listener("b", "127.0.0.2", HTTPS)
    assert not conflicts.listeners([listener("a", redirect=80), secure])[1]


def test_listeners_of_other_languages_are_servers_of_their_gateways() -> None:
    edge = {"gateway": Name("s", "edge"), "section": "web"}
    (finding,) = conflicts.listeners([replace(listener("a", redirect=443), **edge)])[1]  # type: ignore[arg-type]
    assert str(finding) == (
        'a.yaml:1: warning: listener a: server "web": redirects to port 443, where no https listener is'
    )


def route(name: str, match: Match, hosts: tuple[str, ...] = ("*",), listeners: tuple[str, ...] = ()) -> RouteSet:
    origin = Origin("file", "a.yaml", Anchor(ord(name)), subject=f"route {name}")
    rule = RouteRule(name=name, origin=origin, matches=(match,), action=Respond(status=200))
    return RouteSet(name=Name("d", name), origin=origin, hosts=hosts, listeners=listeners, rules=(rule,))


def lone(route: RouteSet) -> bool:
    """No route here asks to be attached."""
    return False


def test_a_route_that_gets_nothing_is_a_mistake_where_nothing_says_which_counts() -> None:
    routes = conflicts.Routes()
    both = [route("a", Match()), route("b", Match())]
    for item in both:
        routes.add(item)
    for is_asking, severity in ((lone, Severity.ERROR), (bool, Severity.WARNING)):
        (finding,) = routes.findings(both.index, is_asking)
        assert finding.severity is severity


def test_a_route_may_say_the_same_twice() -> None:
    routes = conflicts.Routes()
    twice = replace(route("a", Match()), hosts=("x", "x"))
    routes.add(twice)
    assert not list(routes.findings([twice].index, lone))
    routes.remove(twice)


def test_of_three_routes_two_are_left_when_one_goes() -> None:
    routes = conflicts.Routes()
    three = [route(name, Match()) for name in "abc"]
    for item in three:
        routes.add(item)
    assert len(list(routes.findings(three.index, lone))) == 2
    routes.remove(three[0])
    assert len(list(routes.findings(three.index, lone))) == 1


def test_the_older_of_two_routes_is_used_wherever_it_is_written() -> None:
    routes = conflicts.Routes()
    newer, older = (replace(route(name, Match()), created=created) for name, created in (("a", "2025"), ("b", "2024")))
    routes.add(newer)
    routes.add(older)
    (finding,) = routes.findings([newer, older].index, lone)
    assert finding.message.startswith("route a: ")


PREFIX = Match(path=PathMatch(PathKind.PREFIX, "/a"))
REGEX = Match(path=PathMatch(PathKind.REGEX, "/a.*"), methods=("GET",))


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (route("a", PREFIX), route("b", PREFIX), "every host and path /a are"),
        (route("a", Match()), route("b", Match()), "every host and every path are"),
        (route("a", REGEX), route("b", REGEX), "every host and paths like /a.* with the same conditions are"),
        (route("a", PREFIX, ("x", "y")), route("b", PREFIX, ("y", "z")), "host y and path /a are"),
        (route("a", PREFIX, listeners=("l",)), route("b", PREFIX, listeners=("l", "m")), "every host and path /a are"),
        (route("a", PREFIX, listeners=("l",)), route("b", PREFIX), "every host and path /a are"),
        (route("a", PREFIX, listeners=("l",)), route("b", PREFIX, listeners=("m",)), None),
        (route("a", PREFIX), route("b", REGEX), None),
    ],
)
def test_of_two_routes_for_the_same_requests_the_first_is_used(
    one: RouteSet, other: RouteSet, message: str | None
) -> None:
    routes = conflicts.Routes()
    routes.add(other)
    routes.add(one)
    found = [finding.message for finding in routes.findings([one, other].index, lone)]
    expected = [] if message is None else [f"route b: {message} already taken by route a (a.yaml:97), which is used"]
    assert found == expected

    routes.remove(one)
    assert not list(routes.findings([one, other].index, lone))
    routes.remove(other)
    routes.add(one)
    assert not list(routes.findings([one, other].index, lone))
