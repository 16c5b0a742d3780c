from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.writing import exchange, rules
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment
from tulle.model.routes import Cors, ValueKind, ValueMatch

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    "text",
    [
        "cors: https://shop.example.org",
        "cors: '*'",
        "cors: [https://a.example.org, https://b.example.org]",
        "cors: {origins: [], credentials: false}",
        "cors: {origins: [{prefix: 'https://'}, {exact: 'https://*'}], methods: GET, headers: a, expose: b, "
        "max_age: 1d, credentials: true, forward_unmatched: false}",
        "check: authz",
        "check: {to: authz.ops:9000, grpc: true, headers: a, add_headers: {b: c}, response_headers: d, "
        "refusal_headers: [e, f], consent_headers: g, timeout: 1s, fail_open: true, refusal_status: 500, body: 99, "
        "partial_body: true, raw_body: true, reroute: true}",
        "check: {to: authz, path: /ask}",
        "session: id",
        "session: {header: x-id}",
        "session: {cookie: id, lifetime: 1h, path: /a}",
        "hash_on: {header: a}",
        "hash_on: [{cookie: a, cookie_ttl: 1h, cookie_path: /a, cookie_attributes: {SameSite: Strict}}, {query: b}]",
        "hash_on: {source_ip: true}",
    ],
)
def test_what_is_said_about_requests_is_written_as_it_is_read(read: Read, text: str) -> None:
    fragment = read(f"routes: [{{name: r, to: web, {text}}}]")
    (route,) = fragment.routes
    written = rules.rule(route.rules[0], "default")
    del written["to"]
    assert written == parse(text)


def test_patterns_of_origins_are_regular_expressions(read: Read) -> None:
    (route,) = read("routes: [{name: r, to: web, cors: 'https://*.example.org'}]").routes
    assert exchange.cors(route.rules[0].cors) == {"origins": {"regex": "https://.*\\.example\\.org"}}


def test_every_origin_is_an_asterisk() -> None:
    assert exchange.cors(Cors(origins=(ValueMatch("", ValueKind.EXACT, "*"),))) == "*"


def test_what_is_not_said_is_nothing() -> None:
    assert [exchange.cors(None), exchange.check(None, "default"), exchange.session(None)] == [None] * 3
