from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.listeners import ClientCertificates, ClientTrust
from tulle.model.names import Name
from tulle.model.routes import Referrer

LISTENERS = """
gatewayClassName: a
listeners:
- {name: one, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}
- {name: two, port: 444, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}
- {name: three, port: 80, protocol: HTTP}
"""
REFERRER = Referrer("gateway.networking.k8s.io", "Gateway", "shop")


def validation(refs: str, more: str = "") -> str:
    return f"{{validation: {{caCertificateRefs: [{refs}]{more}}}}}"


def test_whose_certificates_are_good(say: Say) -> None:
    default = validation('{group: "", kind: ConfigMap, name: ca}, {group: "", kind: Secret, name: s, namespace: far}')
    port = validation('{group: "", kind: ConfigMap, name: b}', ", mode: AllowInsecureFallback")
    text = f"{LISTENERS}tls:\n  frontend:\n    default: {default}\n    perPort: [{{port: 444, tls: {port}}}]"
    found = say("Gateway", text)
    assert not found.findings
    one, two, three = found.listeners
    assert one.client_trust == ClientTrust(
        ca_maps=(Name("shop", "ca"),), secrets=(Name("far", "s"),), referrer=REFERRER
    )
    assert two.client_trust == ClientTrust(
        handling=ClientCertificates.UNVERIFIED, ca_maps=(Name("shop", "b"),), referrer=REFERRER
    )
    assert three.client_trust is None


def test_no_validation_at_all(say: Say) -> None:
    for tls in ("{}", "{backend: {}}", "{frontend: {default: {}}}"):
        assert say("Gateway", f"{LISTENERS}tls: {tls}").listeners[0].client_trust is None


def test_authorities_of_other_kinds(say: Say, complain: Complain) -> None:
    text = f"{LISTENERS}tls: {{frontend: {{default: {validation('{group: x.io, kind: Bundle, name: a}')}}}}}"
    path = "spec.tls.frontend.default.validation.caCertificateRefs[0]"
    message = "authorities are in a ConfigMap or a Secret, not in a Bundle"
    assert complain("Gateway", text) == [f'6 warning: "{path}" cannot be used: {message}']
    one, _, three = say("Gateway", text).listeners
    assert [each[1] for each in one.problems] == ["InvalidCACertificateKind", "NoValidCACertificate"]
    assert not three.problems


def test_ports_differ(complain: Complain) -> None:
    per_port = "[{port: 1, tls: {}}, {port: 1, tls: {}}]"
    text = f"{LISTENERS}tls:\n  frontend:\n    default: {{}}\n    perPort: {per_port}"
    assert complain("Gateway", text) == [
        '9 error: "spec.tls.frontend.perPort[1].port" is the port of settings before; ports must differ'
    ]


def test_the_certificate_for_backends_has_no_effect(complain: Complain) -> None:
    assert complain("Gateway", f"{LISTENERS}tls: {{backend: {{clientCertificateRef: {{name: a}}}}}}") == [
        '6 warning: "spec.tls.backend.clientCertificateRef" has no effect: backends are shown no certificate by '
        "Gateway API documents"
    ]
