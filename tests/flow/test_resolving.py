from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.world import name, route_set, service
from tulle.flow.resolving import delegate_key, resolve
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.policies import Fault, Retry
from tulle.model.routes import (
    Backend,
    Cors,
    Delegate,
    ExternalCheck,
    Forward,
    HeaderChanges,
    Match,
    Mirror,
    PathKind,
    PathMatch,
    Respond,
    Rewrite,
    RouteRule,
    RouteSet,
    Source,
    StreamMatch,
    StreamRule,
)

OUTSIDE = Name("default", "api.test")


def backend(**more: object) -> Backend:
    return Backend(**{"service": OUTSIDE, "origin": BUILT_IN, **more})  # type: ignore[arg-type]


def rule(action: object, *matches: Match, text: str = "r") -> RouteRule:
    return RouteRule(name=text, origin=BUILT_IN, matches=matches or (Match(),), action=action)  # type: ignore[arg-type]


def routes(*rules: RouteRule, text: str = "root", **more: object) -> RouteSet:
    return RouteSet(name=name(text), origin=BUILT_IN, rules=rules, **more)  # type: ignore[arg-type]


def test_a_set_that_says_everything_itself_stays_what_it_is() -> None:
    plain = route_set("a", "web")
    resolved = resolve(plain, {}, {}, {})
    assert resolved.route is plain
    assert resolved.names == frozenset()


def test_services_are_found_by_host_and_ports_by_name() -> None:
    wanted = backend(host="api.test", port_name="http")
    forward = Forward(backends=(wanted,), mirrors=(Mirror(backend=backend(host="nobody.test")),))
    stream = StreamRule(name="s", origin=BUILT_IN, matches=(StreamMatch(),), backends=(wanted,))
    written = routes(replace(rule(forward), check=ExternalCheck(backend=wanted)), streams=(stream,))
    services = {name("web"): service("web")}
    resolved = resolve(written, services, {"api.test": (name("web"),)}, {})
    found = backend(service=name("web"), port=80)
    action = resolved.route.rules[0].action
    assert isinstance(action, Forward)
    assert action.backends == (found,)
    assert action.mirrors[0].backend.host == "nobody.test"
    check = resolved.route.rules[0].check
    assert check is not None
    assert check.backend == found
    assert resolved.route.streams[0].backends == (found,)
    assert resolved.names == {Name("", "api.test"), Name("", "nobody.test"), name("web")}
    assert resolve(written, services, {"api.test": (name("web"),)}, {}).route is resolved.route


def test_of_a_host_the_service_is_meant_that_the_namespace_of_the_rules_may_see() -> None:
    hidden = replace(service("hidden"), name=Name("a", "hidden"), exports=(".",))
    own, public = replace(service("own"), exports=(".",)), replace(service("public"), name=Name("b", "public"))
    services = {each.name: each for each in (hidden, own, public)}
    written = routes(rule(Forward(backends=(backend(host="api.test"),))))
    for names, meant in (
        ((hidden.name, public.name, own.name), own.name),
        ((hidden.name, public.name), public.name),
        ((Name("a", "gone"), hidden.name), hidden.name),
    ):
        action = resolve(written, services, {"api.test": names}, {}).route.rules[0].action
        assert isinstance(action, Forward)
        assert action.backends[0].service == meant


def test_a_port_that_nobody_has_stays_a_name() -> None:
    written = routes(rule(Forward(backends=(backend(port_name="admin"),))))
    for services in ({}, {OUTSIDE: replace(service("web"), name=OUTSIDE)}):
        action = resolve(written, services, {}, {}).route.rules[0].action
        assert isinstance(action, Forward)
        assert action.backends[0].port_name == "admin"


def path(kind: PathKind, value: str) -> Match:
    return Match(path=PathMatch(kind, value))


A = Source(namespace="a")
DELEGATING = Delegate(to=Name("team", "cart"), origin=BUILT_IN)


def test_rules_of_a_delegate_stand_where_it_is_named() -> None:
    root = routes(
        rule(DELEGATING, replace(path(PathKind.TEXT_PREFIX, "/cart"), methods=("GET", "POST"), ports=(80, 81))),
        rule(Respond(status=200)),
    )
    inner = rule(
        Respond(status=201),
        replace(path(PathKind.EXACT, "/cart/1"), methods=("POST", "PUT"), ports=(81,)),
        path(PathKind.TEXT_PREFIX, "/other"),
        text="inner",
    )
    delegate = RouteSet(name=DELEGATING.to, origin=BUILT_IN, rules=(inner,), is_delegate=True)
    resolved = resolve(root, {}, {}, {DELEGATING.to: delegate})
    first, rest = resolved.route.rules
    assert first.name == "r/inner"
    assert first.matches == (replace(path(PathKind.EXACT, "/cart/1"), methods=("POST",), ports=(81,)),)
    assert rest.action == Respond(status=200)
    assert resolved.names == {delegate_key(DELEGATING.to)}
    assert not resolved.findings


def test_a_delegate_that_does_not_exist_is_a_finding_and_an_answer() -> None:
    resolved = resolve(routes(rule(DELEGATING)), {}, {}, {})
    assert "that could be delegated to" in resolved.findings[0].message
    action = resolved.route.rules[0].action
    assert isinstance(action, Respond)
    assert action.status == 404


@pytest.mark.parametrize(("exports", "is_used"), [((".",), False), (("default",), True), (("other",), False)])
def test_a_delegate_counts_where_it_is_exported_to(exports: tuple[str, ...], is_used: bool) -> None:
    inner = rule(Respond(status=201))
    delegate = RouteSet(name=DELEGATING.to, origin=BUILT_IN, rules=(inner,), is_delegate=True, exports=exports)
    resolved = resolve(routes(rule(DELEGATING)), {}, {}, {DELEGATING.to: delegate})
    action = resolved.route.rules[0].action
    assert isinstance(action, Respond)
    assert action.status == (201 if is_used else 404)
    messages = [each.message for each in resolved.findings]
    assert is_used or 'is not exported to namespace "default", so it is not used' in messages[0]
    assert len(messages) == (0 if is_used else 1)


@pytest.mark.parametrize(
    ("outer", "inner", "both"),
    [
        (Match(), path(PathKind.EXACT, "/a"), path(PathKind.EXACT, "/a")),
        (path(PathKind.PREFIX, "/a"), Match(), path(PathKind.PREFIX, "/a")),
        (path(PathKind.PREFIX, "/a/b"), path(PathKind.PREFIX, "/a"), path(PathKind.PREFIX, "/a/b")),
        (path(PathKind.EXACT, "/a/b"), path(PathKind.PREFIX, "/a"), path(PathKind.EXACT, "/a/b")),
        (path(PathKind.EXACT, "/a"), path(PathKind.EXACT, "/b"), None),
        (path(PathKind.REGEX, "/a"), path(PathKind.REGEX, "/a"), path(PathKind.REGEX, "/a")),
        (path(PathKind.REGEX, "/a"), path(PathKind.EXACT, "/a"), None),
        (Match(methods=("GET",)), Match(methods=("PUT",)), None),
        (Match(ports=(1,)), Match(ports=(2,)), None),
        (Match(source=Source(namespace="a")), Match(source=Source(namespace="b")), None),
        (
            Match(source=Source(namespace="a")),
            Match(methods=("GET",)),
            Match(source=Source(namespace="a"), methods=("GET",)),
        ),
    ],
)
def test_a_rule_of_a_delegate_holds_under_both_conditions(outer: Match, inner: Match, both: Match | None) -> None:
    delegate = RouteSet(
        name=DELEGATING.to, origin=BUILT_IN, rules=(rule(Respond(status=200), inner),), is_delegate=True
    )
    resolved = resolve(routes(rule(DELEGATING, outer)), {}, {}, {DELEGATING.to: delegate})
    assert [each.matches for each in resolved.route.rules] == ([] if both is None else [(both,)])


def test_rules_that_send_nothing_on_stay_beside_those_that_do() -> None:
    answer = rule(Respond(status=200))
    sending = rule(Forward(backends=(backend(host="api.test"),)))
    resolved = resolve(routes(sending, answer), {}, {"api.test": (name("web"),)}, {})
    assert resolved.route.rules[1] == answer


def test_a_rule_of_a_delegate_says_what_it_does_not_leave_to_the_rule_that_delegates() -> None:
    mirror = Mirror(backend=backend(host="api.test"))
    said = Forward(backends=(), timeout=1.0, retry=Retry(attempts=3), rewrite=Rewrite(path="/x"), mirrors=(mirror,))
    outer = replace(
        rule(replace(DELEGATING, defaults=said)),
        fault=Fault(abort_status=500),
        cors=Cors(),
        request_headers=HeaderChanges(remove=("a",)),
    )
    own = Forward(backends=(backend(),), timeout=2.0)
    first, second = rule(own), replace(rule(Respond(status=200)), response_headers=HeaderChanges(remove=("b",)))
    delegate = RouteSet(name=DELEGATING.to, origin=BUILT_IN, rules=(first, second), is_delegate=True)
    resolved = resolve(
        routes(outer), {name("web"): service("web")}, {"api.test": (name("web"),)}, {DELEGATING.to: delegate}
    )
    one, two = resolved.route.rules
    assert isinstance(one.action, Forward)
    assert (one.action.timeout, one.action.retry, one.action.rewrite) == (2.0, said.retry, said.rewrite)
    assert one.action.mirrors[0].backend.service == name("web")
    assert (one.request_headers, one.fault, one.cors) == (outer.request_headers, outer.fault, outer.cors)
    assert (two.action, two.request_headers, two.fault) == (second.action, None, outer.fault)
