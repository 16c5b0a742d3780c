from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.dialects.gateway_api.matches import NOTHING, NOWHERE
from tulle.model.routes import Match, PathKind, PathMatch, ValueKind, ValueMatch

ROOT = PathMatch(PathKind.PREFIX, "/")


def text(match: str) -> str:
    return f"parentRefs: [{{name: a}}]\nrules:\n- matches:\n  - {match}"


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{}", Match(path=ROOT)),
        ("{path: {value: /a/}}", Match(path=PathMatch(PathKind.PREFIX, "/a"))),
        ("{path: {type: Exact, value: /a/}}", Match(path=PathMatch(PathKind.EXACT, "/a/"))),
        ("{path: {type: RegularExpression, value: '/a.*'}}", Match(path=PathMatch(PathKind.REGEX, "/a.*"))),
        ("{method: GET}", Match(path=ROOT, methods=("GET",))),
        (
            "{headers: [{name: X-A, value: a}, {name: x-b, value: b.*, type: RegularExpression}]}",
            Match(
                path=ROOT,
                headers=(ValueMatch("x-a", ValueKind.EXACT, "a"), ValueMatch("x-b", ValueKind.REGEX, "b.*")),
            ),
        ),
        ("{queryParams: [{name: Q, value: a}]}", Match(path=ROOT, query=(ValueMatch("Q", ValueKind.EXACT, "a"),))),
    ],
)
def test_http(say: Say, match: str, expected: Match) -> None:
    found = say("HTTPRoute", text(match))
    assert not found.findings
    assert found.routes[0].rules[0].matches == (expected,)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{}", None),
        ("{method: {service: a.B, method: C}}", PathMatch(PathKind.EXACT, "/a.B/C")),
        ("{method: {service: a.B}}", PathMatch(PathKind.PREFIX, "/a.B")),
        ("{method: {method: C}}", PathMatch(PathKind.REGEX, "/[^/]+/C")),
        (
            "{method: {type: RegularExpression, service: 'a|b'}}",
            PathMatch(PathKind.REGEX, "/(?:a|b)/[^/]+"),
        ),
    ],
)
def test_grpc(say: Say, match: str, expected: PathMatch | None) -> None:
    found = say("GRPCRoute", text(match))
    assert not found.findings
    assert found.routes[0].rules[0].matches == (Match(path=expected),)


def test_headers_of_grpc(say: Say) -> None:
    (match,) = say("GRPCRoute", text("{headers: [{name: X-A, value: a}]}")).routes[0].rules[0].matches
    assert match.headers == (ValueMatch("x-a", ValueKind.EXACT, "a"),)


@pytest.mark.parametrize(
    ("kind", "match", "message"),
    [
        ("HTTPRoute", "{path: {value: a}}", 'error: "M.path.value" must be a path that begins with /, not "a"'),
        (
            "HTTPRoute",
            "{path: {type: RegularExpression, value: '('}}",
            'error: "M.path.value" is not a regular expression (RE2): missing ): (',
        ),
        (
            "HTTPRoute",
            "{headers: [{name: a, value: x}, {name: A, value: y}]}",
            'warning: "M.headers[1]" is a second condition on A; only the first counts',
        ),
        ("HTTPRoute", "{headers: [{name: a, value: ''}]}", 'error: "M.headers[0].value" is empty'),
        ("GRPCRoute", "{method: {}}", 'error: "M.method" needs a service, a method, or both'),
        (
            "GRPCRoute",
            "{method: {service: a/b}}",
            'error: "M.method.service" must be the name of a service such as shop.v1.Cart',
        ),
        (
            "GRPCRoute",
            "{method: {method: a.b}}",
            'error: "M.method.method" must be the name of a method such as GetCart',
        ),
    ],
)
def test_what_cannot_be(complain: Complain, kind: str, match: str, message: str) -> None:
    assert complain(kind, text(match)) == [f"4 {message}".replace("M.", "spec.rules[0].matches[0].")]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("{path: {value: '/a?b'}}", NOWHERE),
        ("{path: {type: RegularExpression, value: '('}}", PathMatch(PathKind.REGEX, NOTHING)),
    ],
)
def test_what_is_no_path_and_no_pattern_fits_nothing(say: Say, match: str, expected: PathMatch) -> None:
    found = say("HTTPRoute", text(match))
    assert len(found.findings) == 1
    assert found.routes[0].rules[0].matches == (Match(path=expected),)
