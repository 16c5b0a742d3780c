from __future__ import annotations

import pytest

from tests.flow.advised import Desk, written

PROVIDERS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - {name: by-http, envoyExtAuthzHttp: {service: checker.default.svc.cluster.local, port: 80}}
    - {name: by-grpc, envoyExtAuthzGrpc: {service: checker.default.svc.cluster.local, port: 80}}
"""
WEB = "services: {checker: {port: 80, command: x}, web: {port: 8000, protocol: %s, command: web}}"
ASK = "{selector: {matchLabels: {app: web}}, action: CUSTOM, provider: {name: %s}, rules: [%s]}"
DENY = "{action: DENY, rules: [{}]}"
LISTENERS = """
gateway:
  listeners:
    a: {port: 5300, protocol: udp, to: web}
    b: {port: 5400, protocol: tcp, to: web}
    c: {port: 8080}
    d: {port: 8443, tls: {certificate: a.pem, key: a.pem}}
"""
TARGET = "targetRefs: [{group: '', kind: Service, name: web}]"
ATTACHED = f"{{{TARGET}, action: CUSTOM, provider: {{name: by-http}}, rules: [{{}}]}}"
EDGE = "{selector: {matchLabels: {istio: ingressgateway}}, action: CUSTOM, provider: {name: by-http}, rules: [{}]}"


def mine(findings: list[str]) -> list[str]:
    return [each for each in findings if "is not asked" in each or "not enforced" in each]


def desk(protocol: str = "tcp") -> Desk:
    found = Desk()
    found.put("mesh.yaml", PROVIDERS)
    found.put("web.yaml", WEB % protocol)
    return found


@pytest.mark.parametrize(
    ("provider", "rule", "is_open"),
    [
        ("by-http", "{}", True),
        ("by-http", "{to: [{operation: {ports: ['8000']}}]}", True),
        ("by-http", "{to: [{operation: {ports: ['9000']}}]}", False),
        ("by-grpc", "{}", False),
        ("nobody", "{}", False),
    ],
)
def test_who_is_asked_in_http_is_not_asked_about_connections(provider: str, rule: str, is_open: bool) -> None:
    here = desk()
    found = mine(here.put("policy.yaml", written("AuthorizationPolicy", "x", ASK % (provider, rule))))
    assert bool(found) is is_open
    if is_open:
        assert f'authorizer "{provider}" is not asked at port 8000 of web' in found[0]
        assert not mine(here.put("web.yaml", WEB % "http"))
        assert mine(here.put("web.yaml", WEB % "tcp")) == found == mine(here.afresh())


def test_nothing_is_enforced_for_datagrams() -> None:
    here = desk("udp")
    (found,) = mine(here.put("policy.yaml", written("AuthorizationPolicy", "x", DENY)))
    assert "it is not enforced at port 8000 of web" in found
    on_trial = "name: x, annotations: {istio.io/dry-run: 'true'}"
    text = written("AuthorizationPolicy", "x", DENY).replace("name: x", on_trial)
    assert not mine(here.put("policy.yaml", text))


def test_at_the_gateway_its_listeners_count() -> None:
    here = desk("http")
    here.put("policy.yaml", written("AuthorizationPolicy", "x", EDGE, "istio-system"))
    assert not mine(here.update())
    here.put("gateway.yaml", LISTENERS)
    asked, datagrams = sorted(mine(here.update()), key=lambda each: "not enforced" in each)
    assert "at port 5300 of the gateway" in datagrams
    assert "at port 5400 of the gateway" in asked
    only_one = EDGE.replace("rules: [{}]", "rules: [{to: [{operation: {ports: ['1']}}]}]")
    assert not mine(here.put("policy.yaml", written("AuthorizationPolicy", "x", only_one, "istio-system")))


def test_policies_may_be_attached() -> None:
    here = desk()
    here.put("more.yaml", "services: {api: {port: 80, protocol: tcp, command: x}}")
    (found,) = mine(here.put("policy.yaml", written("AuthorizationPolicy", "x", ATTACHED)))
    assert "not asked at port 8000 of web:" in found


def test_of_many_places_some_are_named() -> None:
    here = desk()
    many = ", ".join(f"w{number}: {{port: 8000, protocol: udp, command: x}}" for number in range(5))
    here.put("many.yaml", f"services: {{{many}}}")
    (found,) = mine(here.put("policy.yaml", written("AuthorizationPolicy", "x", DENY)))
    assert "and 2 more" in found
