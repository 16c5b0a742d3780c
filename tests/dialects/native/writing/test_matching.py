from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.writing import matching
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment
from tulle.model.routes import Match, PathKind, PathMatch

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{path: /a}",
        "{path: {prefix: /a, ignore_case: true}}",
        "{path: {exact: /a}}",
        "{path: {starts: /a}}",
        "{path: {regex: /a.*}}",
        "{methods: [GET, PUT], stat_prefix: x}",
        "{headers: {a: b, c: {present: false}, d: {present: true}, e: {exact: b, not: true}, f: {prefix: b}}}",
        "{query: {a: {suffix: b}, c: {contains: d}}, claims: {sub: {regex: a+, not: true}}}",
        "{from: {namespace: shop, labels: {app: web}}, ports: [1, 2]}",
        "{from: {labels: {app: web}}, ports: 1}",
    ],
)
def test_conditions_on_requests_are_written_as_they_are_read(read: Read, text: str) -> None:
    (routes,) = read(f"services: {{web: {{port: 1, command: x, routes: [{{match: {text}, respond: 200}}]}}}}").routes
    assert matching.request(routes.rules[0].matches[0]) == parse(text)


@pytest.mark.parametrize(
    "text",
    ["{server_names: [a.b, '*.c'], ports: 1}", "{networks: 10.0.0.0/8, from: {namespace: shop}}", "{}"],
)
def test_conditions_on_connections_are_written_as_they_are_read(read: Read, text: str) -> None:
    (routes,) = read(
        f"services: {{db: {{port: 1, protocol: tcp, command: x, streams: {{match: {text}, to: a}}}}}}"
    ).routes
    assert matching.connection(routes.streams[0].matches[0]) == parse(text)


def test_a_prefix_that_ignores_case_is_no_text() -> None:
    match = Match(path=PathMatch(PathKind.PREFIX, "/a", ignore_case=True))
    assert matching.path(match.path) == {"prefix": "/a", "ignore_case": True}
    assert matching.path(None) is None
