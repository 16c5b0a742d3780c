"""Listeners of every language together, from documents."""

from __future__ import annotations

from base64 import b64encode

from tests.flow.gateway_world import certificate
from tests.flow.written import built, documents, messages
from tulle.flow.build import Builder
from tulle.model.listeners import ListenerProtocol
from tulle.model.mesh import Mesh

WEB = "services: {web: {port: 8000, command: web}}\n"
ROUTE = "routes: [{to: web}]\n"
CHAIN, KEY = (b64encode(each).decode() for each in certificate())
VALUES = {"tls.key": KEY}


def ids(mesh: Mesh) -> list[str]:
    return sorted(each.id for each in mesh.listeners.values())


def gateway(name: str, port: int = 80, more: str = "", selector: str = "{istio: ingressgateway}") -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: {name}}}
spec:
  selector: {selector}
  servers:
  - port: {{number: {port}, name: p{port}, protocol: {"HTTPS" if more else "HTTP"}}}
    hosts: ["*"]
    {more}
"""


def secret(name: str, namespace: str = "default", *keys: str) -> str:
    data = ", ".join(f"{key}: {VALUES.get(key, CHAIN)}" for key in keys or ("tls.crt", "tls.key"))
    return f"{{apiVersion: v1, kind: Secret, metadata: {{name: {name}, namespace: {namespace}}}, data: {{{data}}}}}"


INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  tls: [{hosts: [shop.test], secretName: shop}]
  defaultBackend: {service: {name: web, port: {number: 8000}}}
"""


def test_native_routes_have_a_listener_even_if_nobody_says_where() -> None:
    assert ids(built(WEB)) == []
    assert ids(built(WEB + ROUTE)) == ["http"]
    assert ids(built(WEB + ROUTE + "gateway: {listeners: {http: 9000}}")) == ["http"]
    broken = built(WEB + ROUTE + "gateway: {listeners: {web: nonsense}}")
    assert ids(broken) == [] and "nonsense" in messages(broken)[0]


def test_gateways_of_istio_count_if_they_select_this_gateway() -> None:
    mesh = built(gateway("mine"), gateway("other", 8443, selector="{app: elsewhere}"))
    (mine,) = mesh.listeners.values()
    assert (mine.port, mine.declared_port) == (8080, 80)
    assert any("selects no gateway: app=elsewhere" in each for each in messages(mesh))


OUT = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: out}
spec:
  hosts: [a.example]
  gateways: [out]
  http: [{redirect: {uri: /}}]
"""


def test_one_gateway_may_stand_for_several() -> None:
    texts = [gateway("in"), gateway("out", 8443, selector="{istio: egressgateway}"), OUT]
    mesh = built(*texts)
    assert len(mesh.listeners) == 1
    assert any('gateway "out" selects no gateway here, so nothing is attached' in each for each in messages(mesh))
    mesh = built(gateway("in"), gateway("out", more="tls: {mode: PASSTHROUGH}"), OUT)
    assert any('gateway "out" has no port that is free, so nothing is attached' in each for each in messages(mesh))
    labels = "mesh: {gateway_labels: {istio: [ingressgateway, egressgateway]}}"
    mesh = built(*texts, labels)
    assert len(mesh.listeners) == 2 and not messages(mesh)


def test_routes_are_told_when_a_gateway_is_one_after_all() -> None:
    builder = Builder()
    texts = [gateway("out", selector="{istio: egressgateway}"), OUT]
    builder.build(documents(*texts))
    assert not messages(builder.build(documents(*texts, "mesh: {gateway_labels: {istio: egressgateway}}")))


def test_secrets_are_looked_for_beside_the_gateway_too() -> None:
    tls = "tls: {mode: MUTUAL, credentialName: shop}"
    root = "istio-system"
    mesh = built(gateway("shop", 443, tls), secret("shop", root), secret("shop-cacert", root, "cacert"))
    (listener,) = mesh.listeners.values()
    assert [each.secret and each.secret.namespace for each in listener.certificates] == [root]
    assert listener.client_trust is not None
    assert [(each.namespace, each.name) for each in listener.client_trust.secrets] == [(root, "shop-cacert")]
    near = built(gateway("shop", 443, tls), secret("shop", "default", "tls.crt", "tls.key", "ca.crt"))
    (listener,) = near.listeners.values()
    assert [each.secret and each.secret.namespace for each in listener.certificates] == ["default"]
    assert listener.client_trust is not None and [each.name for each in listener.client_trust.secrets] == ["shop"]
    missing = built(gateway("shop", 443, tls))
    assert messages(missing) == [
        '1.yaml:8: error: Gateway shop: Secret "shop": it does not exist',
        '1.yaml:10: error: Gateway shop: secret "shop": it does not exist',
    ]
    assert not missing.listeners


def test_ingresses_have_listeners_of_their_own_or_share_native_ones() -> None:
    mesh = built(WEB, INGRESS, secret("shop"))
    assert ids(mesh) == ["ingress-http", "ingress-https"]
    assert {name for each in mesh.gateway_routes for name in each.listeners} == {"ingress-http", "ingress-https"}
    tls = "gateway: {listeners: {web: 8080, safe: {port: 8443, tls: {certificate: a.pem, key: a.key}}}}\n"
    mesh = built(WEB + tls, INGRESS, secret("shop"))
    assert ids(mesh) == ["safe", "web"]
    assert {name for each in mesh.gateway_routes for name in each.listeners} == {"safe", "web"}
    (safe,) = (each for each in mesh.listeners.values() if each.protocol is ListenerProtocol.HTTPS)
    assert [each.hosts for each in safe.certificates] == [(), ("shop.test",)]


def test_a_certificate_of_the_root_namespace_asks_no_client_for_one() -> None:
    tls = "tls: {mode: SIMPLE, credentialName: shop}"
    (listener,) = built(gateway("shop", 443, tls), secret("shop", "istio-system")).listeners.values()
    assert [str(each.secret) for each in listener.certificates] == ["shop.istio-system"]
    assert listener.client_trust is None


def test_a_gateway_with_policies_of_its_own_shares_no_socket() -> None:
    def gateway_of(name: str) -> str:
        listener = f"{{name: http, port: 80, protocol: HTTP, hostname: {name}.test}}"
        return (
            "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, "
            f"metadata: {{name: {name}}}, spec: {{gatewayClassName: tulle, listeners: [{listener}]}}}}"
        )

    policy = (
        "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: deny}, spec: {action: DENY, "
        "rules: [{}], targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: b}]}}"
    )
    together = built(gateway_of("a"), gateway_of("b"))
    assert {each.address for each in together.listeners.values()} == {"127.0.0.1"}
    apart = built(gateway_of("a"), gateway_of("b"), policy)
    assert {each.gateway and each.gateway.name: each.address for each in apart.listeners.values()} == {
        "a": "127.0.0.1",
        "b": "127.0.0.2",
    }
    assert [each.name for each in apart.gateway_guards] == ["b"]
