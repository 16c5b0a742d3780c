from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.flow.gateway_world import GatewayWorld, authorities, secret, service
from tulle.api.object_status import rendered
from tulle.flow.attachment import attach
from tulle.flow.statuses import FEATURES, RouteStatuses, class_status, status_key
from tulle.model.documents import BUILT_IN
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.objects import GatewayClass
from tulle.model.routes import AttachKind, Parent, RouteSet

CASES = sorted((Path(__file__).parents[1] / "golden" / "gateway-api").iterdir())
GW = Name("shop", "gw")
SPEC = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw, namespace: shop}}
spec: {{gatewayClassName: any, listeners: [{listeners}]}}
---
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: shop}}
spec: {{parentRefs: [{{name: gw, sectionName: http}}], rules: [{{backendRefs: [{{name: web, port: 80}}]}}]}}
---
"""
HTTP = "{name: http, port: 80, protocol: HTTP}"
WEB = service(Name("shop", "web"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path) -> None:
    """`UPDATE_GOLDEN=1` writes what is instead of comparing it with what should be."""
    names = (Name("default", "good"), Name("certificates", "good"))
    made = GatewayWorld(
        (case / "in.yaml").read_text(),
        secrets=[secret(name) for name in names],
        config_maps=[authorities(Name("default", "ca"))],
    )
    statuses = {
        f"{kind} {name}": rendered(kind, status)
        for (kind, name), status in sorted(made.statuses.items())
        if kind != "GatewayClass"
    }
    placed = {
        str(route.name): [
            {"hosts": list(each.hosts), "listeners": list(each.listeners)}
            if each.service is None
            else {"service": str(each.service), "port": each.service_port, "exports": list(each.exports)}
            for each in attached.routes
        ]
        for route, attached in made.attached.items()
    }
    found = {"listeners": made.placed, "routes": placed, "findings": made.findings, "statuses": statuses}
    text = yaml.safe_dump(json.loads(json.dumps(found)), sort_keys=False, width=160, allow_unicode=True)
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "out.yaml").write_text(text)
    assert text == (case / "out.yaml").read_text()


def test_a_class_with_parameters_is_not_accepted() -> None:
    made = GatewayClass(name="any", origin=BUILT_IN, controller="x.io/ctl", parameters_problem="unknown")
    first = class_status(made).conditions[0]
    assert (first.type, first.status, first.reason, first.message) == (
        "Accepted",
        False,
        "InvalidParameters",
        "unknown",
    )


def test_every_other_class_is_accepted() -> None:
    status = class_status(GatewayClass(name="any", origin=BUILT_IN, controller="x.io/ctl"))
    assert [(each.type, each.status) for each in status.conditions] == [("Accepted", True), ("SupportedVersion", True)]
    assert list(status.features) == sorted(set(FEATURES)) and len(FEATURES) <= 64


def test_classes_of_ingresses_have_no_status() -> None:
    text = """
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: any}
spec: {controllerName: x.io/ctl}
"""
    made = GatewayWorld(text)
    assert list(made.statuses) == [("GatewayClass", Name(SYSTEM_NAMESPACE, "any"))]
    ingress = GatewayClass(name="any", origin=BUILT_IN, controller="x.io/ctl", kind="IngressClass")
    made.inventory = type(made.inventory)(around=made.around, classes={"any": ingress})
    assert not made.statuses


def test_a_gateway_without_any_good_listener() -> None:
    odd = "{name: odd, port: 1, protocol: x.io/odd}"
    made = GatewayWorld(SPEC.format(listeners=odd))
    found = made.conditions("Gateway", GW)
    assert (found["Accepted"], found["Programmed"]) == ("False ListenersNotValid", "False Invalid")
    assert made.conditions("Gateway", GW, "odd")["Accepted"] == "False UnsupportedProtocol"
    assert made.statuses["Gateway", GW].sections[0].kinds == ()
    made = GatewayWorld(SPEC.format(listeners=f"{odd}, {HTTP}"))
    found = made.conditions("Gateway", GW)
    assert (found["Accepted"], found["Programmed"]) == ("True ListenersNotValid", "True Programmed")
    made.arrangement = type(made.arrangement)(
        usable={}, sections={}, unusable=frozenset(), faults={}, set_faults={}, findings=()
    )
    assert made.conditions("Gateway", GW)["Accepted"] == "False ListenersNotValid"


def test_routes_are_counted_as_they_come_and_go() -> None:
    made = GatewayWorld(SPEC.format(listeners=HTTP) + ROUTE.format(name="a") + ROUTE.format(name="b"), services=(WEB,))
    routes = RouteStatuses()
    (one, first), (two, second) = made.attached.items()
    routes.put(one, None, first)
    routes.put(two, None, second)
    assert routes.counts == {(GW, "http"): 2} and routes.gateways_of(WEB.name) == (GW,)
    assert set(routes.statuses) == {("HTTPRoute", Name("shop", "a")), ("HTTPRoute", Name("shop", "b"))}
    routes.put(one, first, attach(one, made.around))
    assert routes.counts == {(GW, "http"): 2}
    routes.put(one, first, None)
    assert routes.counts == {(GW, "http"): 1} and routes.gateways_of(WEB.name) == (GW,)
    routes.put(two, second, None)
    assert not routes.counts and not routes.statuses and not routes.gateways_of(WEB.name)


def test_routes_of_other_languages_have_no_status() -> None:
    parent = Parent(kind=AttachKind.GATEWAY, name=GW, origin=BUILT_IN)
    given = RouteSet(name=Name("shop", "vs"), origin=BUILT_IN, parents=(parent,))
    made = GatewayWorld("")
    routes = RouteStatuses()
    routes.put(given, None, attach(given, made.around))
    assert not routes.statuses and status_key(given) == ("HTTPRoute", Name("shop", "vs"))


def test_listeners_with_tls_whose_hosts_overlap() -> None:
    tls = "port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}"
    listeners = (
        f"{{name: a, hostname: x.a.b, {tls}}}, {{name: b, hostname: '*.a.b', {tls}}}, {{name: c, hostname: d.e, {tls}}}"
    )
    made = GatewayWorld(SPEC.format(listeners=listeners), secrets=(secret(Name("shop", "cert")),))
    for section in ("a", "b"):
        assert made.conditions("Gateway", GW, section)["OverlappingTLSConfig"] == "True OverlappingHostnames"
    assert "OverlappingTLSConfig" not in made.conditions("Gateway", GW, "c")


def test_a_listener_is_programmed_if_it_is_so_anywhere() -> None:
    fixed = "addresses: [{value: 127.0.0.5}, {value: 127.0.0.6}]"
    other = (
        SPEC.format(listeners=HTTP)
        .replace("name: gw", "name: ab")
        .replace("any,", "any, addresses: [{value: 127.0.0.5}],")
    )
    made = GatewayWorld(other + SPEC.format(listeners=HTTP).replace("any,", f"any, {fixed},"))
    assert made.conditions("Gateway", GW, "http")["Programmed"] == "True Programmed"
    assert made.statuses["Gateway", GW].addresses == (("IPAddress", "127.0.0.6"),)


def test_gateways_summarize_what_their_listeners_name() -> None:
    bad = "{name: bad, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}"
    made = GatewayWorld(SPEC.format(listeners=f"{HTTP}, {bad}"))
    assert made.conditions("Gateway", GW)["ResolvedRefs"] == "False ListenersNotResolved"


@pytest.mark.parametrize(
    ("reference", "expected", "message"),
    [
        ("name: cert", "True ResolvedRefs", ""),
        ("name: none", "False InvalidClientCertificateRef", 'secret "none" does not exist'),
        ("name: bad", "False InvalidClientCertificateRef", 'secret "bad": there is no certificate in it'),
        ("name: cert, kind: Odd", "False InvalidClientCertificateRef", "a certificate is a Secret, not a Odd"),
        (
            "name: cert, namespace: far",
            "False RefNotPermitted",
            'secret "cert.far" may not be used from here: no ReferenceGrant in namespace far allows it',
        ),
    ],
)
def test_certificates_for_backends(reference: str, expected: str, message: str) -> None:
    given = f"any, tls: {{backend: {{clientCertificateRef: {{{reference}}}}}}},"
    secrets = (secret(Name("shop", "cert")), secret(Name("far", "cert")), secret(Name("shop", "bad"), x=b""))
    made = GatewayWorld(SPEC.format(listeners=HTTP).replace("any,", given), secrets=secrets)
    assert made.conditions("Gateway", GW)["ResolvedRefs"] == expected
    assert made.conditions("Gateway", GW)["Accepted"] == "True Accepted"
    assert made.statuses["Gateway", GW].conditions[2].message == message
    shown = [each.shown_secret for each in made.arrangement.usable.values()]
    assert shown == [None if message else Name("shop", "cert")]


def test_clients_that_nobody_verifies_are_noted() -> None:
    tls = "{certificateRefs: [{name: cert}]}"
    validation = "{mode: AllowInsecureFallback, caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]}"
    text = SPEC.format(listeners=f"{{name: a, port: 443, protocol: HTTPS, tls: {tls}}}").replace(
        "any,", f"any, tls: {{frontend: {{default: {{validation: {validation}}}}}}},"
    )
    secrets, maps = (secret(Name("shop", "cert")),), (authorities(Name("shop", "ca")),)
    made = GatewayWorld(text, secrets=secrets, config_maps=maps)
    assert made.conditions("Gateway", GW)["InsecureFrontendValidationMode"] == "True ConfigurationChanged"
    made = GatewayWorld(text.replace("AllowInsecureFallback", "AllowValidOnly"), secrets=secrets, config_maps=maps)
    assert "InsecureFrontendValidationMode" not in made.conditions("Gateway", GW)


def test_policies_without_authorities_have_a_status() -> None:
    policy = """
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: web.example, caCertificateRefs: [{group: "", kind: ConfigMap, name: none}]}
---
"""
    made = GatewayWorld(SPEC.format(listeners=HTTP) + policy + ROUTE.format(name="a"), services=(WEB,))
    assert made.conditions("BackendTLSPolicy", Name("shop", "p")) == {
        "Accepted": "False NoValidCACertificate",
        "ResolvedRefs": "False InvalidCACertificateRef",
    }


def test_policies_name_the_gateways_that_use_them() -> None:
    policy = """
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p, namespace: shop}
spec:
  targetRefs: [{group: "", kind: Service, name: web}, {group: x.io, kind: Odd, name: web}]
  validation: {hostname: web.example, wellKnownCACertificates: System}
---
"""
    set_ = """
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: gw, namespace: shop}
spec: {parentRef: {name: gw}, listeners: [{name: http, port: 81, protocol: HTTP}]}
---
"""
    gateway = SPEC.format(listeners=HTTP).replace("any,", "any, allowedListeners: {namespaces: {from: All}},")
    other = ROUTE.format(name="b").replace("name: gw,", "kind: ListenerSet, name: gw,")
    made = GatewayWorld(gateway + set_ + policy + ROUTE.format(name="a") + other, services=(WEB,))
    parents = made.statuses["BackendTLSPolicy", Name("shop", "p")].parents
    assert [dict(each.reference)["kind"] for each in parents] == ["ListenerSet", "Gateway"]
    assert all(each.conditions[0].status for each in parents)
