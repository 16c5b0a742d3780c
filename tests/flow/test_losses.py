from __future__ import annotations

import pytest

from tulle.flow.conversion import converted, read

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
---
"""


def losses(text: str) -> list[str]:
    return [each.message for each in converted(read(SERVICE + text)).lost]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{apiVersion: networking.istio.io/v1, kind: ProxyConfig, metadata: {name: a}, spec: {concurrency: 2}}\n",
            "sets up single proxies, which native files cannot say; keep this document beside the file",
        ),
        (
            "{apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: {name: a},"
            " spec: {configPatches: [{applyTo: CLUSTER, patch: {operation: ADD, value: {name: a}}}]}}\n",
            "changes Envoy's own configuration, which native files cannot say; keep this document beside the file",
        ),
        (
            "{apiVersion: extensions.istio.io/v1alpha1, kind: WasmPlugin, metadata: {name: a},"
            " spec: {url: 'file:///opt/auth.wasm'}}\n",
            "loads a plugin, which native files cannot say; keep this document beside the file",
        ),
        (
            "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a}, spec: {rules: [{}],"
            " targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gone}]}}\n",
            "is attached to nothing that listens here",
        ),
        (
            "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a},"
            " spec: {host: web, workloadSelector: {matchLabels: {a: b}}, subsets: [{name: v1, labels: {a: b}}]}}\n",
            "is for some callers of web.default only; native files are for all of them",
        ),
        (
            "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a},"
            " spec: {host: '*.a.org'}}\n",
            "is about *.a.org, which no service of these files has",
        ),
        (
            "{apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: {name: a}, spec: {targetRefs:"
            " [{group: '', kind: Service, name: gone}], validation: {hostname: a, wellKnownCACertificates: System}}}\n",
            "is about service gone, which none of these files declares",
        ),
    ],
)
def test_what_cannot_be_said_is_told(text: str, message: str) -> None:
    assert losses(text) == [message]


RULES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: a}}
spec:
  hosts: [{host}]
  http:
    - {{match: [{{method: {{exact: GET}}}}], directResponse: {{status: 201}}}}
    - {{match: [{{sourceLabels: {{a: b}}, uri: {{prefix: /long/path}}}}], directResponse: {{status: 202}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: b}}
spec: {{hosts: [{other}], http: [{{match: [{{uri: {{prefix: /lo}}}}], directResponse: {{status: 200}}}}]}}
"""


@pytest.mark.parametrize(("host", "other"), [("web", "web"), ("www.a.org", "www.a.org")])
def test_an_order_that_depends_on_who_calls_is_told(host: str, other: str) -> None:
    found = losses(RULES.format(host=host, other=other))
    assert found == ["has rules that other documents have too, in an order that depends on who calls"]


def test_rules_of_hosts_that_cover_one_another_stay_apart() -> None:
    assert losses(RULES.format(host="www.a.org", other="'*.a.org'")) == []
