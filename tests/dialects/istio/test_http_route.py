from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Delegate, Forward, Rewrite, RouteRule

Read = Callable[[str], Fragment]
ROUTE = "route: [{destination: {host: b}}]"


def one(text: str) -> str:
    return document("VirtualService", f"hosts: [a]\nhttp:\n- {{{text}}}")


def rule(read: Read, text: str) -> RouteRule:
    fragment = read(one(text))
    assert findings(fragment) == []
    return fragment.routes[0].rules[0]


def forward(read: Read, text: str) -> Forward:
    action = rule(read, f"{ROUTE}, {text}").action
    assert isinstance(action, Forward)
    return action


def test_names_come_from_what_was_written(read: Read) -> None:
    assert rule(read, ROUTE).name == "it"
    assert rule(read, f"name: x, {ROUTE}").name == "it/x"
    first = rule(read, f"match: [{{uri: {{prefix: /a}}, port: 1}}], {ROUTE}").name
    again = rule(read, f"match: [{{port: 1, uri: {{prefix: /a}}}}], {ROUTE}").name
    other = rule(read, f"match: [{{uri: {{prefix: /b}}}}], {ROUTE}").name
    assert first == again != other
    assert first.startswith("it#")


def test_timeouts(read: Read) -> None:
    assert forward(read, "timeout: 1.5s").timeout == 1.5
    assert forward(read, "timeout: 0s").timeout is None
    assert forward(read, "").timeout is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mirror: {host: c}", [("c", 100.0)]),
        ("mirror: {host: c}, mirrorPercentage: {value: 1.5}", [("c", 1.5)]),
        ("mirror: {host: c}, mirrorPercent: 20", [("c", 20.0)]),
        ("mirror: {host: c}, mirror_percent: 30", [("c", 30.0)]),
        ("mirror: {host: c}, mirrorPercentage: {value: 0}", []),
        (
            "mirrors: [{destination: {host: c}}, {destination: {host: d}, percentage: {value: 5}}]",
            [("c", 100.0), ("d", 5.0)],
        ),
    ],
)
def test_mirrors(read: Read, text: str, expected: list[tuple[str, float]]) -> None:
    found = forward(read, text).mirrors
    assert [(mirror.backend.service.name, mirror.percent) for mirror in found] == expected


def test_a_host_that_headers_set_is_a_rewrite(read: Read) -> None:
    headers = "headers: {request: {set: {host: c.example}}}"
    assert forward(read, headers).rewrite == Rewrite(host="c.example")
    assert forward(read, f"{headers}, rewrite: {{uri: /x}}").rewrite == Rewrite(prefix="/x", host="c.example")


def test_delegates(read: Read) -> None:
    action = rule(read, "delegate: {name: c}").action
    assert isinstance(action, Delegate)
    assert action.to == Name("shop", "c")
    action = rule(read, "delegate: {name: c, namespace: other}").action
    assert isinstance(action, Delegate)
    assert action.to == Name("other", "c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "name: x",
            'error: "spec.http[0]" does nothing with its requests; '
            "write one of route, redirect, directResponse, delegate",
        ),
        (
            f"{ROUTE}, redirect: {{uri: /}}",
            'error: "spec.http[0].redirect" cannot stand beside route; write one of them',
        ),
        (
            "directResponse: {status: 200}, delegate: {name: c}",
            'error: "spec.http[0].delegate" cannot stand beside directResponse; write one of them',
        ),
        (
            f"{ROUTE}, delegate: {{name: c}}",
            'error: "spec.http[0].delegate" cannot stand beside route; write one of them',
        ),
        (
            "redirect: {uri: /}, timeout: 1s",
            'warning: "spec.http[0].timeout" has no effect: no request is sent on',
        ),
        (
            "delegate: {name: c}, retries: {attempts: 1}",
            'warning: "spec.http[0].retries" has no effect: the delegate says it',
        ),
        (
            "redirect: {uri: /}, fault: {delay: {fixedDelay: 1s, percent: 1}}",
            'error: "spec.http[0].fault" cannot stand beside redirect',
        ),
        (
            f"{ROUTE}, rewrite: {{authority: x}}, headers: {{request: {{set: {{host: y}}}}}}",
            'error: "spec.http[0].rewrite.authority" cannot stand beside headers that set the host; keep one',
        ),
        (
            f"{ROUTE}, mirror: {{host: c}}, mirrors: [{{destination: {{host: d}}}}]",
            'error: "spec.http[0].mirrors" cannot stand beside mirror; write one of them',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"7 {expected}"]
