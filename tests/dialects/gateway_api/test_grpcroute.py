from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import Forward, Match, RouteKind


def test_a_route_for_grpc(say: Say) -> None:
    text = "parentRefs: [{name: a}]\nhostnames: [a.example]\nrules: [{backendRefs: [{name: web, port: 80}]}]"
    (route,) = say("GRPCRoute", text).routes
    assert (route.kind, route.hosts) == (RouteKind.GRPC, ("a.example",))
    (rule,) = route.rules
    assert rule.matches == (Match(),) and isinstance(rule.action, Forward)
    assert rule.action.status_without_backends == 503


def test_without_rules_there_are_none(say: Say) -> None:
    (route,) = say("GRPCRoute", "parentRefs: [{name: a}]").routes
    assert not route.rules and route.hosts == ("*",)


def test_a_route_that_cannot_be_read(complain: Complain) -> None:
    assert complain("GRPCRoute", "rules: [{timeouts: {}}]") == ['1 error: unknown field "timeouts" in "spec.rules[0]"']
