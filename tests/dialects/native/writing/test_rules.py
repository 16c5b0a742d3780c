from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.writing import rules
from tulle.kit.located_yaml import parse
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule


@pytest.mark.parametrize(
    "written",
    [
        "{versions: v1}",
        "{versions: {v1: 9, v2: 1}}",
        "{match: {path: /a}, to: web:80}",
        "{to: other.shop}",
        "{weights: {web: 1, other: 2}}",
        "{weights: {web/v1: {weight: 3, request_headers: {set: {a: b}}, host: a.example.org}, other: 2}}",
        "{redirect: {path: /a}}",
        "{respond: 404, response_headers: {remove: server}}",
        "{to: web, rewrite: {prefix: /}, timeout: 1s, retries: 1, mirror: other, hash_on: {query: q}, session: c}",
        "{to: web, fault: {delay: 1s}, rate_limit: 1/s, cors: '*', check: auth, request_headers: {add: {a: b}}}",
    ],
)
def test_rules_are_written_as_they_are_read(read: Any, written: str) -> None:
    text = f"services: {{web: {{port: 80, command: x, versions: {{v1: {{}}, v2: {{}}}}, routes: {written}}}}}"
    fragment: Fragment = read(text)
    assert fragment.findings == ()
    (rule,) = fragment.routes[0].rules
    assert rules.conditional(rule, "default", Name("default", "web")) == parse(written)


def backend(weight: int = 1, subset: str | None = None, problem: str = "") -> Backend:
    return Backend(service=Name("default", "web"), subset=subset, weight=weight, problem=problem, origin=BUILT_IN)


def said(*backends: Backend, own: Name | None = None) -> Any:
    action = Forward(backends=backends, timeout=1.0, status_without_backends=500)
    rule = RouteRule(name="", origin=BUILT_IN, matches=(Match(),), action=action)
    return rules.conditional(rule, "default", own)


def test_what_is_sent_to_nobody_is_answered() -> None:
    assert said() == said(backend(0)) == said(backend(problem="gone")) == {"respond": 500}


def test_shares_of_the_same_place_are_one() -> None:
    assert said(backend(2), backend(3)) == {"to": "web", "timeout": "1s"}
    assert said(backend(2), backend(3), backend(1, "v1"))["weights"] == {"web": 5, "web/v1": 1}
    own = Name("default", "web")
    assert said(backend(2, "v1"), backend(3, "v1"), own=own) == {"versions": "v1", "timeout": "1s"}


@pytest.mark.parametrize("written", ["{to: db}", "{match: {ports: 1}, weights: {db: 1, other: 2}}"])
def test_streams_are_written_as_they_are_read(read: Any, written: str) -> None:
    fragment: Fragment = read(f"services: {{db: {{port: 1, protocol: tcp, command: x, streams: {written}}}}}")
    (rule,) = fragment.routes[0].streams
    assert rules.stream(rule, "default") == parse(written)
