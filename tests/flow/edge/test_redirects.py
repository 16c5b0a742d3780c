from __future__ import annotations

from dataclasses import replace

from tests.flow.edge.building import http, mesh, told
from tulle.flow.edge.places import USUAL
from tulle.flow.edge.redirects import CHALLENGES, target
from tulle.model.routes import Respond, ValueKind
from tulle.model.steps import RedirectScheme


def text(to: str) -> str:
    return http("a: {rule: Path(`/`), service: s}").replace(
        "':8080'}", f"':8080', http: {{redirections: {{entryPoint: {{to: '{to}'}}}}}}}}, other: {{address: ':8443'}}"
    )


def test_everybody_is_sent_to_another_entry_point() -> None:
    for to, port in (("other", "8443"), (":9443", "9443")):
        route, router = mesh(text(to)).gateway_routes
        assert route.priority is not None and router.priority is not None and route.priority > router.priority
        assert route.rules[0].steps == (RedirectScheme(scheme="https", port=port, is_permanent=True),)
        assert isinstance(route.rules[0].action, Respond)
        assert route.listeners == ("@static/web",)


def test_who_speaks_tls_is_sent_elsewhere_where_all_requests_have_tls() -> None:
    route, _ = mesh(text(":9443").replace("{redirections", "{tls: {}, redirections")).gateway_routes
    assert route.listeners == ("@static/web|tls",)


def test_a_router_of_a_higher_priority_comes_first() -> None:
    low = text(":9443").replace("':9443'", "':9443', priority: 1")
    route, router = mesh(low).gateway_routes
    assert route.priority is not None and router.priority is not None and route.priority < router.priority


def test_challenges_may_be_left_to_routers() -> None:
    low = text("other").replace("':8080'", "':80', allowACMEByPass: true")
    for rule in mesh(low).gateway_routes[0].rules:
        (match,) = rule.matches
        assert match.conditions == (replace(CHALLENGES, is_negated=True),)


def test_an_entry_point_that_does_not_exist() -> None:
    found = mesh(text("nope"))
    assert [each.name.name for each in found.gateway_routes] == ["a"]
    assert told(found) == ['1: entry point web: there is no entry point "nope"; there are other, web']
    assert told(mesh(text(":x"))) == ['1: entry point web: there is no entry point ":x"; there are other, web']
    assert len(told(mesh(text(":65536")))) == 1


def test_who_sends_nobody_elsewhere_has_no_target() -> None:
    assert target(USUAL, {USUAL.name: USUAL}) is None


def test_who_came_to_a_port_that_was_moved_up_is_sent_to_one() -> None:
    low = text("other").replace("':8080'", "':80'").replace("':8443'", "':443'")
    moved, usual = mesh(low).gateway_routes[0].rules
    (condition,) = moved.matches[0].headers
    assert (condition.name, condition.kind, condition.value) == ("host", ValueKind.SUFFIX, ":8080")
    assert moved.steps == (RedirectScheme(scheme="https", port="8443", is_permanent=True),)
    assert usual.steps == (RedirectScheme(scheme="https", port="443", is_permanent=True),)
