from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"

MESH = """apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    extensionProviders:
    - {name: authz, envoyExtAuthzHttp: {service: %s, port: %s}}
"""


def test_who_is_asked_has_a_name_and_a_place() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    policy = "{selector: {matchLabels: {app: web}}, action: CUSTOM, provider: {name: authz}, rules: [{}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert 'error: AuthorizationPolicy x: there is no provider "authz"' in finding
    (finding,) = desk.put("mesh.yaml", MESH % ("wbe.default.svc.cluster.local", 8000))
    assert 'provider "authz": service "wbe.default" does not exist' in finding and "did you mean" in finding
    (finding,) = desk.put("mesh.yaml", MESH % ("web.default.svc.cluster.local", 1))
    assert 'provider "authz": service "web.default" has no port 1; it has 8000' in finding
    assert not desk.put("mesh.yaml", MESH % ("web.default.svc.cluster.local", 8000))
    (finding,) = desk.put("mesh.yaml", MESH % ("a.example", 80))
    assert 'service "a.example" does not exist, so nobody can be asked' in finding
    entry = "{hosts: [a.example], resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}"
    assert not desk.put("entry.yaml", written("ServiceEntry", "x", entry))


def test_logs_go_to_somebody() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not desk.put("a.yaml", written("Telemetry", "x", "{accessLogging: [{providers: [{name: envoy}]}]}"))
    (finding,) = desk.put("a.yaml", written("Telemetry", "x", "{accessLogging: [{providers: [{name: loki}]}]}"))
    assert 'there is no provider "loki", so nothing is logged' in finding


def test_a_place_that_is_not_logged_to_has_a_name_too() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    collector = "collector.example.org"
    mesh = MESH.replace("authz, envoyExtAuthzHttp", "otel, envoyOtelAls") % (collector, 4317)
    desk.put("mesh.yaml", mesh)
    assert not desk.put("a.yaml", written("Telemetry", "x", "{accessLogging: [{providers: [{name: otel}]}]}"))
    (finding,) = desk.put(
        "b.yaml", written("Telemetry", "y", "{accessLogging: [{disabled: true, providers: [{name: loki}]}]}")
    )
    assert finding.endswith('there is no provider "loki"')
