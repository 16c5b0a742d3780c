from __future__ import annotations

from tests.flow.edge.building import http, mesh, told
from tulle.flow.edge.places import USUAL
from tulle.flow.edge.redirects import target
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routers import EntryPoint
from tulle.model.routes import Respond
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
        assert route.listeners == ("@static/web", "@static/web|tls")


def test_a_router_of_a_higher_priority_comes_first() -> None:
    low = text(":9443").replace("':9443'", "':9443', priority: 1")
    route, router = mesh(low).gateway_routes
    assert route.priority is not None and router.priority is not None and route.priority < router.priority


def test_an_entry_point_that_does_not_exist() -> None:
    found = mesh(text("nope"))
    assert [each.name.name for each in found.gateway_routes] == ["a"]
    assert told(found) == ['1: entry point web: there is no entry point "nope"; there are other, web']


def test_who_sends_nobody_elsewhere_has_no_target() -> None:
    assert target(USUAL, {USUAL.name: USUAL}) is None


def test_an_entry_point_without_one_leads_nowhere() -> None:
    assert target(EntryPoint(name=Name("@static", "web"), origin=BUILT_IN, address="", port=80), {}) is None
