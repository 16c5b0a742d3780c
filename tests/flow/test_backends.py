from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.gateway_world import UDP, service
from tulle.flow.backends import resolve, services_of
from tulle.flow.surroundings import Surroundings, grants_key
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.names import Name
from tulle.model.objects import Grant, GrantFrom, GrantTo
from tulle.model.routes import (
    AttachKind,
    Backend,
    ExternalCheck,
    Forward,
    Match,
    Mirror,
    Parent,
    Referrer,
    Respond,
    RouteKind,
    RouteRule,
    RouteSet,
    StreamMatch,
    StreamRule,
)
from tulle.model.services import Port, Protocol

WEB, FAR, DNS = Name("shop", "web"), Name("far", "web"), Name("shop", "dns")
HTTP = Referrer("g", "HTTPRoute", "shop")
SERVICES = {each.name: each for each in (service(WEB), service(FAR), service(DNS, UDP))}
AROUND = Surroundings(services=SERVICES)
GRANTS = {
    "far": (
        Grant(
            name=Name("far", "grant"),
            origin=BUILT_IN,
            sources=(GrantFrom(group="g", kind="HTTPRoute", namespace="shop"),),
            targets=(GrantTo(group="", kind="Service"),),
        ),
    )
}


def backend(name: Name, port: int = 80, problem: str = "", referrer: Referrer | None = HTTP) -> Backend:
    return Backend(
        service=name,
        port=port,
        origin=BUILT_IN,
        referrer=referrer,
        problem=problem,
        problem_reason="InvalidKind" if problem else "",
    )


def route(*rules: RouteRule, streams: tuple[StreamRule, ...] = (), kind: RouteKind = RouteKind.HTTP) -> RouteSet:
    origin = Origin("file", "a.yaml", subject="HTTPRoute r")
    return RouteSet(name=Name("shop", "HTTPRoute/r"), origin=origin, rules=rules, streams=streams, kind=kind)


def rule(*backends: Backend, mirror: Backend | None = None, ask: Backend | None = None) -> RouteRule:
    mirrors = (Mirror(backend=mirror),) if mirror is not None else ()
    return RouteRule(
        name="r/0",
        origin=BUILT_IN,
        matches=(Match(),),
        action=Forward(backends=backends, mirrors=mirrors, status_without_backends=500),
        check=ExternalCheck(backend=ask) if ask is not None else None,
    )


def stream(*backends: Backend) -> StreamRule:
    return StreamRule(name="s/0", origin=BUILT_IN, matches=(StreamMatch(),), backends=backends)


def test_a_route_without_mistakes_stays_the_same() -> None:
    given = route(rule(backend(WEB), mirror=backend(WEB), ask=backend(WEB)))
    found = resolve(given, AROUND)
    assert found.route is given and not found.findings and not found.problems
    assert found.names == {WEB} == set(services_of(given))


@pytest.mark.parametrize(
    ("bad", "reason", "message"),
    [
        (backend(Name("shop", "wbe")), "BackendNotFound", 'service "wbe" does not exist; did you mean "web"?'),
        (backend(WEB, 81), "BackendNotFound", 'service "web" has no port 81; it has 80'),
        (
            backend(FAR),
            "RefNotPermitted",
            'service "web.far" may not be used from here: no ReferenceGrant in namespace far allows HTTPRoutes of '
            "namespace shop",
        ),
        (
            backend(DNS, 53),
            "UnsupportedProtocol",
            'port 53 of service "dns" speaks udp, which is nothing for HTTPRoutes',
        ),
        (backend(WEB, problem="it is odd"), "InvalidKind", "it is odd"),
    ],
)
def test_a_backend_that_cannot_be_used_keeps_its_share(bad: Backend, reason: str, message: str) -> None:
    given = route(rule(backend(WEB), bad))
    found = resolve(given, AROUND)
    action = found.route.rules[0].action
    assert isinstance(action, Forward)
    assert action.backends == (backend(WEB), replace(bad, problem=message, problem_reason=reason))
    assert found.problems == ((reason, message),)
    assert [each.message for each in found.findings] == [f"HTTPRoute r: {message}"]
    assert bad.service in found.names
    assert resolve(given, AROUND).route is found.route


def test_a_service_without_ports() -> None:
    bare = replace(service(WEB), ports=())
    found = resolve(route(rule(backend(WEB))), Surroundings(services={WEB: bare}))
    assert found.problems == (("BackendNotFound", 'service "web" has no port 80; it has no ports at all'),)


def test_other_namespaces_may_consent() -> None:
    given = route(rule(backend(FAR)))
    found = resolve(given, Surroundings(services=SERVICES, grants=GRANTS))
    assert found.route is given and found.names == {FAR, grants_key("far")}


def test_calls_between_workloads_need_no_consent() -> None:
    parent = Parent(kind=AttachKind.SERVICE, name=FAR, origin=BUILT_IN)
    given = replace(route(rule(backend(FAR))), parents=(parent,))
    assert resolve(given, AROUND).route is given
    mixed = replace(given, parents=(parent, replace(parent, kind=AttachKind.GATEWAY)))
    assert resolve(mixed, AROUND).problems[0][0] == "RefNotPermitted"


def test_a_mirror_that_cannot_be_used_is_left_out() -> None:
    found = resolve(route(rule(backend(WEB), mirror=backend(FAR))), AROUND)
    action = found.route.rules[0].action
    assert isinstance(action, Forward) and not action.mirrors and action.backends == (backend(WEB),)


def test_nobody_passes_whom_nobody_can_check() -> None:
    found = resolve(route(rule(backend(WEB), ask=backend(FAR))), AROUND)
    (changed,) = found.route.rules
    assert changed.check is None and isinstance(changed.action, Forward)
    assert [each.problem_reason for each in changed.action.backends] == ["RefNotPermitted"]
    redirected = replace(rule(ask=backend(WEB)), action=Respond(status=200))
    given = route(redirected)
    assert resolve(given, AROUND).route is given
    found = resolve(route(redirected, rule(backend(FAR))), AROUND)
    assert found.route.rules[0] == redirected


def test_connections() -> None:
    given = route(streams=(stream(backend(WEB), backend(FAR)),), kind=RouteKind.TCP)
    found = resolve(given, AROUND)
    assert [each.problem_reason for each in found.route.streams[0].backends] == ["", "RefNotPermitted"]
    given = route(streams=(stream(backend(DNS, 53)),), kind=RouteKind.UDP)
    assert resolve(given, AROUND).route is given


def test_tcp_and_udp_have_numbers_of_their_own() -> None:
    ports = (Port(name="dns", number=53, protocol=Protocol.UDP), Port(name="tcp", number=53, protocol=Protocol.TCP))
    around = Surroundings(services={DNS: replace(SERVICES[DNS], ports=ports)})
    for kind in (RouteKind.UDP, RouteKind.TCP):
        given = route(streams=(stream(replace(backend(DNS, 53), is_udp=kind is RouteKind.UDP)),), kind=kind)
        assert resolve(given, around).route is given


def test_services_without_authorities_are_not_called() -> None:
    around = Surroundings(services=SERVICES, untrusted={WEB: (("other", "x"), ("http", "nobody knows them"))})
    found = resolve(route(rule(backend(WEB))), around)
    action = found.route.rules[0].action
    assert isinstance(action, Forward) and action.backends[0].problem == "nobody knows them"
    assert not found.findings, "the policy has one"


def test_routes_of_other_languages_are_checked_elsewhere() -> None:
    given = route(rule(backend(Name("shop", "zzz"), referrer=None)))
    found = resolve(given, AROUND)
    assert found.route is given and not found.names
