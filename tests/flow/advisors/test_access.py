from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"

POLICY = "{selector: {matchLabels: {app: web}}, rules: [%s]}"


def test_tokens_need_somebody_who_verifies_them() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    rule = "{from: [{source: {requestPrincipals: ['*']}}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", POLICY % rule))
    assert "no RequestAuthentication is about web: no request there has one" in finding
    jwt = "{jwtRules: [{issuer: a, jwksUri: 'https://a.example/keys'}]}"
    assert not desk.put("jwt.yaml", written("RequestAuthentication", "x", jwt))
    assert desk.put("jwt.yaml", "")
    everywhere = f"{{rules: [{rule}]}}"
    assert desk.put("policy.yaml", written("AuthorizationPolicy", "x", everywhere))
    desk.put("api.yaml", "services: {api: {port: 1, command: x}}")
    some = jwt.replace("{jwt", "{selector: {matchLabels: {app: web}}, jwt")
    assert not desk.put("jwt.yaml", written("RequestAuthentication", "x", some))


def test_requests_are_seen_where_http_is_spoken() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    rule = "{to: [{operation: {paths: [/a]}}]}"
    assert not desk.put("policy.yaml", written("AuthorizationPolicy", "x", POLICY % rule))
    (finding,) = desk.put("web.yaml", WEB.replace("port: 8000", "port: 8000, protocol: tcp"))
    assert finding.endswith("and web has none of it (8000 tcp): the rule allows nothing")
    desk.put("policy.yaml", written("AuthorizationPolicy", "x", POLICY % "{to: [{operation: {ports: ['8000']}}]}"))
    assert desk.update() == []


def test_ports_are_those_of_workloads() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    policy = POLICY % "{to: [{operation: {ports: ['80']}}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert finding.endswith("no workload that it selects has port 80; web has 8000")
    service = written("Service", "front", "{selector: {app: web}, ports: [{port: 80, targetPort: 8000}]}")
    (finding,) = desk.put("service.yaml", service)
    assert "has port 80, which is a port of service front; web has 8000" in finding
    assert not desk.put("web.yaml", WEB.replace("8000", "80"))[1:]


def test_many_workloads_are_not_all_named() -> None:
    desk = Desk()
    versions = ", ".join(f"v{number}: {{command: x}}" for number in range(5))
    desk.put("web.yaml", f"services: {{web: {{port: 8000, versions: {{{versions}}}}}}}")
    policy = POLICY % "{to: [{operation: {ports: ['80']}}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert "web-v0 or web-v1 or web-v2 or another one has 8000" in finding


def test_at_the_gateway_ports_and_requests_are_what_its_listeners_have() -> None:
    desk = Desk()
    policy = "{selector: {matchLabels: {istio: ingressgateway}}, rules: [{to: [{operation: {ports: ['80']}}]}]}"
    assert not desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy, "istio-system"))
