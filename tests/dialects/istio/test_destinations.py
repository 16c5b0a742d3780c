from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, HeaderChanges, RouteRule

Read = Callable[[str], Fragment]


def rule(read: Read, text: str) -> RouteRule:
    fragment = read(document("VirtualService", f"hosts: [a]\nhttp:\n- {text}"))
    assert findings(fragment) == []
    return fragment.routes[0].rules[0]


def backends(read: Read, text: str) -> tuple[Backend, ...]:
    action = rule(read, f"route: {text}").action
    assert isinstance(action, Forward)
    return action.backends


def mistakes(read: Read, text: str) -> list[str]:
    return findings(read(document("VirtualService", f"hosts: [a]\nhttp:\n- {text}")))


def test_where_requests_go(read: Read) -> None:
    (one,) = backends(read, "[{destination: {host: b, subset: v1, port: {number: 80}}}]")
    assert (one.service, one.host, one.subset, one.port, one.weight) == (Name("shop", "b"), "", "v1", 80, 100)
    (one,) = backends(read, "[{destination: {host: b.other.svc.cluster.local, port: {}}, weight: 0}]")
    assert (one.service, one.host, one.subset, one.port, one.weight) == (Name("other", "b"), "", None, None, 100)
    (one,) = backends(read, "[{destination: {host: www.example.org}}]")
    assert (one.service, one.host) == (Name("shop", "www.example.org"), "www.example.org")


def test_weights(read: Read) -> None:
    found = backends(read, "[{destination: {host: b}, weight: 3}, {destination: {host: c}, weight: 0}]")
    assert [each.weight for each in found] == [3, 0]


def test_changes_to_headers(read: Read) -> None:
    made = rule(
        read,
        "{route: [{destination: {host: b}, headers: {request: {set: {Host: b.example}}, response: {remove: [X]}}}], "
        "headers: {request: {set: {X-A: '100%%'}, add: {x-b: c}, remove: [x-d]}, response: {add: {host: x}}}}",
    )
    assert made.request_headers == HeaderChanges(set=(("x-a", "100%%"),), add=(("x-b", "c"),), remove=("x-d",))
    assert made.response_headers == HeaderChanges(add=(("host", "x"),))
    assert isinstance(made.action, Forward)
    (backend,) = made.action.backends
    assert backend.host_rewrite == "b.example"
    assert backend.request_headers is None
    assert backend.response_headers == HeaderChanges(remove=("x",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "route: [{destination: {host: b}, weight: 0}, {destination: {host: c}}]",
            'error: "spec.http[0].route" has only weights of 0; give at least one a weight above 0',
        ),
        (
            "route: [{destination: {host: b}, weight: 1}, {destination: {host: c}}]",
            'warning: "spec.http[0].route[1]" has no weight beside others that have one, so it gets nothing; '
            "write its weight",
        ),
        (
            "{route: [{destination: {host: b}}], headers: {request: {set: {host: a}, add: {':authority': b}}}}",
            'error: "spec.http[0].headers.request" gives the host twice; keep one',
        ),
        (
            "{route: [{destination: {host: b}}], headers: {request: {set: {':path': a}}}}",
            'error: "spec.http[0].headers.request.set.:path" is no header that can be changed',
        ),
        (
            "{route: [{destination: {host: b}}], headers: {response: {set: {':authority': a}}}}",
            'error: "spec.http[0].headers.response.set.:authority" is no header that can be changed',
        ),
        (
            "{route: [{destination: {host: b}}], headers: {response: {set: {x: 100%}}}}",
            'error: "spec.http[0].headers.response.set.x" has a single %; write %% for the character itself, '
            "or a command of Envoy such as %PROTOCOL%",
        ),
        (
            "{route: [{destination: {host: b}}], headers: {request: {remove: [host]}}}",
            'error: "spec.http[0].headers.request.remove" names host, which cannot be removed',
        ),
        (
            "{route: [{destination: {host: b}}], headers: {response: {remove: [':status']}}}",
            'error: "spec.http[0].headers.response.remove" names :status, which cannot be removed',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert mistakes(read, text) == [f"7 {expected}"]
