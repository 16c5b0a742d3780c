from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Cors, Forward, RouteRule, Session, ValueKind, ValueMatch

Read = Callable[[str], Fragment]


def rule(read: Read, text: str) -> RouteRule:
    (route,) = read(f"namespace: shop\nroutes: [{{to: web, {text}}}]").routes
    return route.rules[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("session: {}", '"session" takes exactly one of cookie, header'),
        ("session: {cookie: a, header: b}", '"session" takes exactly one of cookie, header'),
        (
            "cors: {origins: {}}",
            '"cors.origins[0]" takes exactly one of exact, prefix, suffix, contains, regex, present',
        ),
        ("cors: {}", '"cors.origins" is missing'),
        ("check: {to: 'a b'}", '"check.to" must name a service such as reviews, reviews/v2'),
        ("check: {to: a, refusal_status: 1}", '"check.refusal_status" must be a status code from 200 to 599, not 1'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    (finding,) = read(f"routes: [{{name: r, to: web, {text}}}]").findings
    assert finding.message.startswith(f"route r: {message}")


def test_pages_of_other_origins_may_read_answers(read: Read) -> None:
    assert rule(read, "cors: https://a.example.org").cors == Cors(
        origins=(ValueMatch("", ValueKind.EXACT, "https://a.example.org"),)
    )
    found = rule(
        read,
        "cors: {origins: ['*', 'https://*.example.org', {prefix: http}], methods: [GET, '*'], headers: X-A, "
        "expose: X-B, max_age: 1m, credentials: true, forward_unmatched: false}",
    ).cors
    assert found == Cors(
        origins=(
            ValueMatch("", ValueKind.EXACT, "*"),
            ValueMatch("", ValueKind.REGEX, r"https://.*\.example\.org"),
            ValueMatch("", ValueKind.PREFIX, "http"),
        ),
        methods=("GET", "*"),
        headers=("X-A",),
        expose=("x-b",),
        max_age=60,
        credentials=True,
        forwards_unmatched=False,
    )


def test_a_service_may_be_asked_first(read: Read) -> None:
    plain = rule(read, "check: authz").check
    assert plain is not None and plain.backend.service == Name("shop", "authz") and not plain.is_grpc
    full = rule(
        read,
        "check: {to: 'authz.ops:9000', grpc: true, path: /check, headers: Authorization, add_headers: {x-a: b}, "
        "response_headers: x-user, refusal_headers: [x-c], timeout: 1s, fail_open: true, refusal_status: 503, "
        "body: 100, partial_body: true}",
    ).check
    assert full is not None and full.backend.port == 9000 and full.is_grpc and full.path_prefix == "/check"
    assert (full.request_headers, full.added_headers) == (("authorization",), (("x-a", "b"),))
    assert (full.response_headers, full.refusal_headers) == (("x-user",), ("x-c",))
    assert (full.timeout, full.fails_open, full.refusal_status, full.max_body) == (1, True, 503, 100)
    assert full.allows_partial_body


def test_clients_may_stay(read: Read) -> None:
    action = rule(read, "session: id").action
    assert isinstance(action, Forward) and action.session == Session(cookie="id")
    action = rule(read, "session: {header: X-Session, lifetime: 1m, path: /a}").action
    assert isinstance(action, Forward)
    assert action.session == Session(header="x-session", lifetime=60, path="/a")
