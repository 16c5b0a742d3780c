from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tulle.dialects.native.writing import rules
from tulle.kit.located_yaml import parse
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule

Read = Callable[[str], Fragment]
WEB = Name("default", "web")


def rule(*backends: Backend, status: int = 503) -> RouteRule:
    action = Forward(backends=backends, status_without_backends=status, timeout=1.0)
    return RouteRule(name="r", origin=BUILT_IN, matches=(Match(),), action=action)


def backend(name: str, weight: int = 1) -> Backend:
    return Backend(service=Name("default", name), weight=weight, origin=BUILT_IN)


@pytest.mark.parametrize(
    "text",
    [
        "{to: api.shop, timeout: 1m}",
        "{weights: {a: 1, 'b:80/v2': 3}}",
        "{weights: {a: 1, b: {weight: 2, request_headers: {set: {x: y}}, response_headers: {remove: z}, host: c}}}",
        "{match: {path: /a}, versions: v1}",
        "{match: [{path: /a}, {methods: GET}], versions: {v1: 1, v2: 9}}",
        "{respond: 404, response_headers: {set: {a: b}}, fault: {delay: 1s}, rate_limit: 1/s}",
        "{match: {path: /a}, redirect: {host: b}}",
    ],
)
def test_rules_are_written_as_they_are_read(read: Read, text: str) -> None:
    (routes,) = read(
        f"services: {{web: {{port: 1, command: x, versions: {{v1: {{}}, v2: {{}}}}, routes: [{text}]}}}}"
    ).routes
    assert rules.conditional(routes.rules[0], "default", WEB) == parse(text)


def test_without_anybody_to_send_to_there_is_an_answer() -> None:
    broken = replace(backend("a"), problem="is no service")
    for given in (rule(status=500), rule(broken, status=500), rule(backend("a", weight=0), status=500)):
        assert rules.rule(given, "default") == {"respond": 500}
    assert rules.rule(rule(broken, backend("b")), "default") == {"to": "b", "timeout": "1s"}


def test_one_place_that_is_named_twice_gets_both_shares() -> None:
    assert rules.rule(rule(backend("a", 2), backend("b"), backend("a", 3)), "shop")["weights"] == {
        "a.default": 5,
        "b.default": 1,
    }


@pytest.mark.parametrize(
    "text",
    [
        "{to: db.shop/v2}",
        "{match: {ports: 1}, weights: {a: 1, b: 2}}",
        "{match: [{ports: 1}, {networks: 10.0.0.0/8}], to: a}",
    ],
)
def test_rules_for_connections_are_written_as_they_are_read(read: Read, text: str) -> None:
    (routes,) = read(f"services: {{db: {{port: 1, protocol: tcp, command: x, streams: [{text}]}}}}").routes
    assert rules.stream(routes.streams[0], "default") == parse(text)
