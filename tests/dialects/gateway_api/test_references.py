from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.names import Name
from tulle.model.routes import AttachKind, Forward, Referrer

RULE = "rules: [{backendRefs: [{name: web, port: 80}]}]"


def test_parents_of_every_kind(say: Say) -> None:
    found = say(
        "HTTPRoute",
        f"""
parentRefs:
- {{name: gw, sectionName: http, port: 80}}
- {{name: gw, namespace: infra}}
- {{kind: ListenerSet, name: gw}}
- {{kind: Service, group: "", name: web, port: 80}}
- {{group: gateway.networking.x-k8s.io, kind: XListenerSet, name: x}}
{RULE}
""",
    )
    assert not found.findings
    parents = found.routes[0].parents
    assert [(each.kind, each.name, each.section, each.port, each.origin.line) for each in parents] == [
        (AttachKind.GATEWAY, Name("shop", "gw"), "http", 80, 6),
        (AttachKind.GATEWAY, Name("infra", "gw"), "", None, 7),
        (AttachKind.GATEWAY, Name("shop", "ListenerSet/gw"), "", None, 8),
        (AttachKind.SERVICE, Name("shop", "web"), "", 80, 9),
        (AttachKind.GATEWAY, Name("shop", "ListenerSet/x"), "", None, 10),
    ]
    assert parents[0].reference == (("name", "gw"), ("sectionName", "http"), ("port", "80"))
    backend = found.routes[0].rules[0].action
    assert isinstance(backend, Forward)
    assert backend.backends[0].referrer == Referrer("gateway.networking.k8s.io", "HTTPRoute", "shop")


def test_parents_that_nobody_knows(say: Say, complain: Complain) -> None:
    text = f"parentRefs:\n- {{kind: Service, name: web}}\n- {{kind: Cat, group: '', name: tom}}\n{RULE}"
    assert complain("HTTPRoute", text) == [
        '2 warning: "spec.parentRefs[0]" names a Service of gateway.networking.k8s.io, to which no route can be '
        'attached; write group: ""',
        '3 warning: "spec.parentRefs[1]" names a Cat of the core group, to which no route can be attached',
    ]
    assert not say("HTTPRoute", text).routes


def test_without_parents_there_is_no_route(say: Say, complain: Complain) -> None:
    expected = '0 warning: "spec" has no parentRefs, so the route is attached to nothing'
    for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "UDPRoute"):
        assert complain(kind, RULE) == [expected]
        assert not say(kind, RULE).routes


def test_parents_are_distinct(complain: Complain) -> None:
    same = f"parentRefs:\n- {{name: a}}\n- {{name: a}}\n- {{name: a, port: 80}}\n{RULE}"
    assert complain("HTTPRoute", same) == [
        '3 error: "spec.parentRefs[1]" names the same parent as one before it',
        '4 error: "spec.parentRefs[2]" needs the same of sectionName and port as the others that name this parent',
    ]
    fine = f"parentRefs:\n- {{name: a, sectionName: x}}\n- {{name: a, sectionName: y}}\n{RULE}"
    assert not complain("HTTPRoute", fine)


def test_default_gateways_are_not_for_us(complain: Complain) -> None:
    text = f"parentRefs: [{{name: a}}]\nuseDefaultGateways: All\n{RULE}"
    assert complain("HTTPRoute", text) == [
        '2 warning: "spec.useDefaultGateways" has no effect: name the gateways in parentRefs'
    ]
    assert not complain("HTTPRoute", text.replace("All", "None"))


def test_backends(say: Say, complain: Complain) -> None:
    text = "parentRefs: [{name: a}]\nrules:\n- backendRefs:\n  - {name: web}\n  - {kind: Bucket, group: s.x, name: b}"
    assert complain("HTTPRoute", text) == [
        '4 error: "spec.rules[0].backendRefs[0].port" is missing; a service needs one'
    ]
    text = "parentRefs: [{name: a}]\nrules:\n- backendRefs:\n  - {kind: Bucket, name: b, weight: 3}"
    found = say("HTTPRoute", text.replace("kind: Bucket", "kind: Bucket, group: s.x, namespace: far"))
    action = found.routes[0].rules[0].action
    assert not found.findings and isinstance(action, Forward)
    (backend,) = action.backends
    assert (backend.service, backend.weight) == (Name("far", "b"), 3)
    assert (backend.problem, backend.problem_reason) == (
        "there is no backend of kind Bucket in s.x here",
        "InvalidKind",
    )
    action = say("HTTPRoute", text).routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert action.backends[0].problem == "there is no backend of kind Bucket here"


def test_a_backend_may_be_a_host_outside(say: Say) -> None:
    refs = ", ".join(
        f"{{group: networking.istio.io, kind: Hostname, name: {host}, port: 80}}"
        for host in ("api.example.org", "web.other.svc.cluster.local")
    )
    found = say("HTTPRoute", f"parentRefs: [{{name: gw}}]\nrules: [{{backendRefs: [{refs}]}}]")
    assert not found.findings
    action = found.routes[0].rules[0].action
    assert isinstance(action, Forward)
    outside, inside = action.backends
    assert (outside.host, outside.port, outside.referrer, outside.problem) == ("api.example.org", 80, None, "")
    assert (inside.host, inside.service) == ("", Name("other", "web"))
    assert inside.referrer == Referrer("gateway.networking.k8s.io", "HTTPRoute", "shop")
