from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.writing import rules, traffic
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment
from tulle.model.policies import Fault, RateLimit
from tulle.model.routes import Respond

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    "text",
    [
        "retries: 3",
        "retries: {attempts: 0, non_idempotent: true}",
        "retries: {on: [reset, 503], per_try_timeout: 2s, backoff: 10ms, any_host: true}",
        "fault: {delay: 2s}",
        "fault: {abort: 503, percent: 10}",
        "fault: {abort_grpc: 14}",
        "fault: {delay: 2s, abort: 503, percent: 50, abort_percent: 2.5}",
        "mirror: shadow",
        "mirror: [a, {to: b.shop/v1, percent: 5}]",
        "rate_limit: 100/s",
        "rate_limit: 5/m",
        "rate_limit: {requests: 5, per: 90s}",
        "rate_limit: {requests: 5, per: 1s, burst: 9}",
        "rewrite: {prefix: /a, host: b}",
        "rewrite: {path: /a}",
        "rewrite: {regex: {pattern: /a(.*), to: '/b\\1'}}",
        "request_headers: {set: {a: b}, add: {c: d}, remove: [e, f]}",
        "response_headers: {remove: a}",
    ],
)
def test_what_happens_to_requests_is_written_as_it_is_read(read: Read, text: str) -> None:
    (route,) = read(f"routes: [{{name: r, to: web, {text}}}]").routes
    assert rules.rule(route.rules[0], "default") == parse(f"{{to: web, {text}}}")


@pytest.mark.parametrize(
    "text",
    [
        "redirect: {scheme: https, port_from: scheme, status: 301}",
        "redirect: {host: a, port: 1, path: /b}",
        "redirect: {prefix: /b, port_from: request}",
        "respond: 204",
        "respond: {status: 200, body: hi, headers: {a: b}}",
    ],
)
def test_answers_are_written_as_they_are_read(read: Read, text: str) -> None:
    (route,) = read(f"routes: [{{name: r, {text}}}]").routes
    assert rules.rule(route.rules[0], "default") == parse(text)


def test_what_is_not_said_is_nothing() -> None:
    nothing = [
        traffic.retries(None),
        traffic.fault(None),
        traffic.rate(None),
        traffic.rewrite(None),
        traffic.headers(None),
    ]
    assert nothing == [None] * 5


def test_percentages_of_what_never_happens_are_not_said() -> None:
    assert traffic.fault(Fault(delay=1, delay_percent=5, abort_percent=7)) == {"delay": "1s", "percent": 5}
    assert traffic.fault(Fault(delay_percent=5)) == {"percent": 5}


def test_bytes_are_text() -> None:
    assert traffic.respond(Respond(status=200, body=b"h\xffi")) == {"status": 200, "body": "h\ufffdi"}


def test_a_rate_by_the_hour_is_short() -> None:
    assert traffic.rate(RateLimit(requests=7, per=3600.0)) == "7/h"
