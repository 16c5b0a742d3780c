from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.listeners import ClientCertificates, ClientTrust
from tulle.model.names import Name
from tulle.model.objects import Gateway
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


def gateway(say: Say, text: str) -> Gateway:
    (made,) = say("Gateway", LISTENERS + text).objects
    assert isinstance(made, Gateway)
    return made


def test_the_certificate_for_backends(say: Say, complain: Complain) -> None:
    text = "tls: {backend: {clientCertificateRef: {name: a}}}"
    made = gateway(say, text).client_certificate
    assert made is not None and (made.secret, made.referrer) == (Name("shop", "a"), REFERRER)
    made = gateway(say, text.replace("name: a", "name: a, namespace: far")).client_certificate
    assert made is not None and made.secret == Name("far", "a")
    assert gateway(say, "tls: {backend: {}}").client_certificate is None
    text = text.replace("name: a", "name: a, kind: Odd, group: x.io")
    assert gateway(say, text).client_certificate is None
    assert gateway(say, text).client_certificate_problem == "a certificate is a Secret, not a Odd"
    message = "cannot be used: a certificate is a Secret, not a Odd of x.io"
    assert complain("Gateway", LISTENERS + text) == [f'6 warning: "spec.tls.backend.clientCertificateRef" {message}']
