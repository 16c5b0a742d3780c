from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.listeners import Admission, LabelSelector
from tulle.model.routes import RouteKind


def text(allowed: str, protocol: str = "HTTP") -> str:
    return (
        "gatewayClassName: a\nlisteners:\n- name: one\n  port: 8080\n"
        f"  protocol: {protocol}\n  allowedRoutes: {allowed}"
    )


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("{}", Admission(namespaces=("shop",))),
        ("{namespaces: {}}", Admission(namespaces=("shop",))),
        ("{namespaces: {from: All}}", Admission()),
        (
            "{namespaces: {from: Selector, selector: {matchLabels: {a: b}, matchExpressions: "
            "[{key: c, operator: In, values: [d]}, {key: e, operator: Exists}]}}}",
            Admission(selector=LabelSelector((("a", "b"),), (("c", "In", ("d",)), ("e", "Exists", ())))),
        ),
        ("{kinds: [{kind: GRPCRoute}]}", Admission(namespaces=("shop",), kinds=(RouteKind.GRPC,))),
    ],
)
def test_whose_routes_are_taken(say: Say, allowed: str, expected: Admission) -> None:
    found = say("Gateway", text(allowed))
    assert not found.findings
    assert found.listeners[0].admission == expected


def test_kinds_that_do_not_fit(say: Say, complain: Complain) -> None:
    allowed = "{kinds: [{kind: TCPRoute}, {kind: HTTPRoute}, {kind: HTTPRoute, group: x.io}]}"
    path = "spec.listeners[0].allowedRoutes.kinds"
    fit = "HTTPRoute and GRPCRoute do"
    assert complain("Gateway", text(allowed)) == [
        f'6 warning: "{path}[0]" has no effect: TCPRoute does not fit a listener for HTTP; {fit}',
        f'6 warning: "{path}[2]" has no effect: HTTPRoute does not fit a listener for HTTP; {fit}',
    ]
    (listener,) = say("Gateway", text(allowed)).listeners
    assert listener.admission.kinds == (RouteKind.HTTP,)
    assert listener.problems == (
        ("ResolvedRefs", "InvalidRouteKinds", f"TCPRoute does not fit a listener for HTTP; {fit}"),
    )


def test_selectors_that_cannot_be(complain: Complain) -> None:
    path = "spec.listeners[0].allowedRoutes.namespaces.selector"
    assert complain("Gateway", text("{namespaces: {from: Selector}}")) == [
        f'6 error: "{path}" is missing, as the namespaces are chosen from Selector'
    ]
    allowed = "{matchExpressions: [{key: a, operator: In}, {key: b, operator: Exists, values: [c]}]}"
    assert complain("Gateway", text(f"{{namespaces: {{from: Selector, selector: {allowed}}}}}")) == [
        f'6 error: "{path}.matchExpressions[0].values" is empty, which In cannot be',
        f'6 error: "{path}.matchExpressions[1].values" must be empty with Exists',
    ]
