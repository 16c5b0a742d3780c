from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"


def test_a_selector_selects_or_not() -> None:
    desk = Desk()
    policy = "{selector: {matchLabels: {app: web}}, rules: [{}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert finding.endswith("it selects nothing: no workload in namespace default has app=web")
    assert not desk.put("web.yaml", WEB)
    assert not desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy, "istio-system"))
    text = written("AuthorizationPolicy", "x", policy.replace("web", "wbe"), "istio-system")
    (finding,) = desk.put("policy.yaml", text)
    assert "no workload has app=wbe" in finding


def test_a_policy_for_a_namespace_is_about_somebody_or_not() -> None:
    desk = Desk()
    policy = written("AuthorizationPolicy", "x", "{rules: [{}]}")
    (finding,) = desk.put("policy.yaml", policy)
    assert finding.startswith("policy.yaml:1: warning: AuthorizationPolicy x: ")
    assert finding.endswith("it selects nothing: no workload runs in namespace default")
    assert not desk.put("web.yaml", WEB)
    assert desk.put("web.yaml", "")
    gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\n"
    assert not desk.put(
        "gateway.yaml", f"{gateway}spec: {{gatewayClassName: x, listeners: [{{name: a, port: 80, protocol: HTTP}}]}}"
    )
    assert desk.put("gateway.yaml", "")
    assert not desk.put("policy.yaml", written("AuthorizationPolicy", "x", "{rules: [{}]}", "istio-system"))


def test_several_labels_must_be_together() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB + "\n---\nservices: {api: {port: 1, versions: {v1: {command: x}}}}")
    policy = "{selector: {matchLabels: {app: web, version: v1}}, rules: [{}]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert finding.endswith("app=web, version=v1")


def test_targets_exist_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    for group, kind, name, remedy in (
        ("''", "Service", "api", "services: {api: {port: 1, command: x}}"),
        (
            "networking.istio.io", "ServiceEntry", "e",
            written("ServiceEntry", "e", "{hosts: [a.example], ports: [{number: 80, name: h}], resolution: DNS}"),
        ),
        (
            "gateway.networking.k8s.io", "Gateway", "g",
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\n"
            "spec: {gatewayClassName: x, listeners: [{name: a, port: 80, protocol: HTTP}]}",
        ),
    ):  # fmt: skip
        policy = f"{{targetRefs: [{{group: {group}, kind: {kind}, name: {name}}}], rules: [{{}}]}}"
        (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
        assert f'it is attached to {kind} "{name}", which does not exist' in finding
        assert not desk.put("remedy.yaml", remedy)
        assert desk.put("remedy.yaml", "")


def test_classes_of_gateways_are_targets_too() -> None:
    desk = Desk()
    policy = "{targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: c}], rules: [{}]}"
    assert desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy, "istio-system"))
    head = "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: c}\n"
    text = f"{head}spec: {{controllerName: a.b/c}}"
    assert not desk.put("class.yaml", text)


def test_a_selector_may_mean_a_gateway_of_gateway_api() -> None:
    desk = Desk()
    policy = "{selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: g%s}}, rules: [{}]}"
    for space, wanted in (("default", ""), ("istio-system", "")):
        desk.put(f"{space}.yaml", written("AuthorizationPolicy", "p", policy % wanted, space))
    assert len(desk.update()) == 2
    head = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: %s}\n"
    gateway = head + "spec: {gatewayClassName: x, listeners: [{name: a, port: 80, protocol: HTTP}]}"
    assert not desk.put("g.yaml", gateway % "default")
    (finding,) = desk.put("g.yaml", gateway % "other")
    assert "default.yaml" in finding
    desk.put("default.yaml", "")
    (finding,) = desk.put("istio-system.yaml", written("AuthorizationPolicy", "p", policy % ", app: x", "istio-system"))
    assert "selects nothing" in finding
    assert desk.afresh() == desk.update()


def test_where_such_workloads_are_is_told_as_of_now() -> None:
    desk = Desk()
    selecting = "{selector: {matchLabels: {app: far}}}"
    (finding,) = desk.put("policy.yaml", written("Telemetry", "p", selecting, "here"))
    assert "there are some" not in finding
    workload = "workloads: {far: {namespace: there, command: x, labels: {app: far}}}"
    (finding,) = desk.put("workload.yaml", workload)
    assert "there are some in namespace there" in finding
    (finding,) = desk.put("workload.yaml", workload.replace("there", "elsewhere"))
    assert "there are some in namespace elsewhere" in finding
    (finding,) = desk.put("workload.yaml", "")
    assert "there are some" not in finding


def test_listeners_are_targets_of_native_policies_and_share_ports() -> None:
    desk = Desk()
    (finding,) = desk.put("policy.yaml", "access: {x: {listeners: a}}")
    assert finding.endswith('access x: it is attached to listener "a", which does not exist')
    assert not desk.put("gateway.yaml", "gateway: {listeners: {a: {port: 8080, hosts: a.test}, c: 8081}}")
    (finding,) = desk.put("more.yaml", "gateway: {listeners: {b: {port: 8080, hosts: b.test}}}")
    assert finding.endswith('access x: it holds for listener "b" too, which shares port 8080 with "a"')
    assert not desk.put("policy.yaml", "access: {x: {listeners: [a, b]}}")
