from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.routes import Forward, PathKind, PathMatch, ValueKind, ValueMatch

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "routes: [{name: r, respond: 200, timeout: 1s}]",
            'route r: "timeout" has no effect, as no request is sent on',
        ),
        (
            "routes: [{name: r, redirect: {host: a}, mirror: web}]",
            'route r: "mirror" has no effect, as no request is sent on',
        ),
        (
            "routes: [{name: r, to: web, path: {regex: /a}, rewrite: {prefix: /}}]",
            'route r: "rewrite.prefix" cannot be replaced where the path is matched by a regular expression',
        ),
        (
            "routes: [{name: r, path: {regex: /a}, redirect: {prefix: /}}]",
            'route r: "redirect.prefix" cannot be replaced where the path is matched by a regular expression',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


def test_each_of_several_services_may_see_other_headers(read: Read) -> None:
    (route,) = read(
        "routes: [{weights: {a: 1, b: {weight: 2, host: b.example.org, request_headers: {set: {x: y}}, "
        "response_headers: {remove: z}}}, hash_on: {header: x-user}}]"
    ).routes
    action = route.rules[0].action
    assert isinstance(action, Forward)
    first, second = action.backends
    assert (first.weight, first.host_rewrite, first.request_headers) == (1, None, None)
    assert second.weight == 2 and second.host_rewrite == "b.example.org"
    assert second.request_headers is not None and second.request_headers.set == (("x", "y"),)
    assert second.response_headers is not None and second.response_headers.remove == ("z",)
    assert [each.header for each in action.hash_on] == ["x-user"]


def test_claims_and_starts_are_conditions(read: Read) -> None:
    (route,) = read("routes: [{to: a, path: {starts: /cart}, claims: {realm/roles: admin}}]").routes
    match = route.rules[0].matches[0]
    assert match.path == PathMatch(PathKind.TEXT_PREFIX, "/cart")
    assert match.claims == (ValueMatch("realm/roles", ValueKind.EXACT, "admin"),)


def test_calls_of_grpc_may_be_aborted(read: Read) -> None:
    (route,) = read("routes: [{to: a, fault: {abort_grpc: 14}, retries: {any_host: true}}]").routes
    fault = route.rules[0].fault
    assert fault is not None and fault.abort_grpc_status == 14 and fault.abort_status is None
    (finding,) = read("routes: [{name: r, to: a, fault: {abort_grpc: 14, abort: 500}}]").findings
    assert finding.message == 'route r: "fault" takes only one of abort, abort_grpc'
