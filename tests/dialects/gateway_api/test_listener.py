from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.dialects.gateway_api.listener import moved
from tulle.model.listeners import Certificate, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.routes import Referrer

START = "gatewayClassName: a\nlisteners:\n- name: one\n"
SECURE = "{certificateRefs: [{name: cert, namespace: far}]}"


def test_ports_that_need_root_are_moved_up() -> None:
    assert [moved(port, set()) for port in (80, 443, 1023, 1024, 8080)] == [8080, 8443, 9023, 1024, 8080]
    assert moved(80, {80, 8080}) == 18080


def test_a_listener(say: Say) -> None:
    text = f"{START}  port: 443\n  protocol: HTTPS\n  hostname: a.example\n  tls: {SECURE}"
    found = say("Gateway", text, extra=", creationTimestamp: '2024'")
    (listener,) = found.listeners
    assert not found.findings and listener.id == "shop/it/one"
    assert (listener.gateway, listener.section) == (Name("shop", "it"), "one")
    assert (listener.port, listener.declared_port, listener.address) == (8443, 443, "127.0.0.1")
    assert not listener.has_own_addresses and listener.created == "2024" and listener.origin.line == 7
    assert listener.hosts == (ListenerHost(host="a.example"),)
    assert listener.certificates == (
        Certificate(
            secret=Name("far", "cert"),
            hosts=("a.example",),
            referrer=Referrer("gateway.networking.k8s.io", "Gateway", "shop"),
        ),
    )


@pytest.mark.parametrize(
    ("protocol", "more", "expected", "tls"),
    [
        ("HTTP", "", ListenerProtocol.HTTP, TlsHandling.TERMINATE),
        ("TLS", f"tls: {SECURE}", ListenerProtocol.TLS, TlsHandling.TERMINATE),
        ("TLS", "tls: {mode: Passthrough}", ListenerProtocol.TLS, TlsHandling.PASSTHROUGH),
        ("TCP", "", ListenerProtocol.TCP, TlsHandling.TERMINATE),
        ("UDP", "", ListenerProtocol.UDP, TlsHandling.TERMINATE),
    ],
)
def test_protocols(say: Say, protocol: str, more: str, expected: ListenerProtocol, tls: TlsHandling) -> None:
    found = say("Gateway", f"{START}  port: 8000\n  protocol: {protocol}\n  {more}")
    (listener,) = found.listeners
    assert not found.findings and not listener.problems
    assert (listener.protocol, listener.tls, listener.declared_port) == (expected, tls, 0)


@pytest.mark.parametrize(
    ("protocol", "more", "message", "problem"),
    [
        (
            "x.io/odd",
            "",
            '5 warning: "L.protocol" has no effect: there is no protocol x.io/odd here; HTTP, HTTPS, TLS, TCP and UDP '
            "are known",
            ("Accepted", "UnsupportedProtocol"),
        ),
        (
            "HTTPS",
            "",
            '3 warning: "L.tls" is missing: a listener for HTTPS needs tls, and does not listen without',
            ("Programmed", "Invalid"),
        ),
        (
            "HTTPS",
            "tls: {options: {a: b}}",
            '6 warning: "L.tls.options.a" has no effect: options of other implementations are unknown here',
            ("ResolvedRefs", "InvalidCertificateRef"),
        ),
        (
            "HTTPS",
            "tls: {certificateRefs: [{kind: Cert, group: x.io, name: a}]}",
            '6 warning: "L.tls.certificateRefs[0]" cannot be used: a certificate is a Secret, not a Cert of x.io',
            ("ResolvedRefs", "InvalidCertificateRef"),
        ),
        (
            "HTTPS",
            "tls: {certificateRefs: [{kind: Cert, name: a}]}",
            '6 warning: "L.tls.certificateRefs[0]" cannot be used: a certificate is a Secret, not a Cert',
            ("ResolvedRefs", "InvalidCertificateRef"),
        ),
    ],
)
def test_what_keeps_a_listener_from_listening(
    say: Say, complain: Complain, protocol: str, more: str, message: str, problem: tuple[str, str]
) -> None:
    text = f"{START}  port: 8000\n  protocol: {protocol}\n  {more}"
    assert complain("Gateway", text) == [message.replace("L.", "spec.listeners[0].")]
    assert [each[:2] for each in say("Gateway", text).listeners[0].problems] == [problem]


@pytest.mark.parametrize(
    ("protocol", "more", "message"),
    [
        ("HTTP", f"tls: {SECURE}", '"L.tls" has no place at a listener for HTTP'),
        ("UDP", "hostname: a.x", '"L.hostname" has no place at a listener for UDP, which knows no hosts'),
        (
            "HTTPS",
            "tls: {mode: Passthrough}",
            '"L.tls.mode" must be Terminate at a listener for HTTPS; Passthrough is for TLS',
        ),
        ("TLS", "tls: {}", '"L.tls.certificateRefs" is missing; TLS that ends here needs a certificate'),
    ],
)
def test_what_the_definition_refuses(complain: Complain, protocol: str, more: str, message: str) -> None:
    found = complain("Gateway", f"{START}  port: 8000\n  protocol: {protocol}\n  {more}")
    assert found == [f"6 error: {message.replace('L.', 'spec.listeners[0].')}"]


def test_listeners_differ(complain: Complain) -> None:
    other = "- {name: one, port: 8000, protocol: HTTP}\n- {name: two, port: 8000, protocol: HTTP}"
    assert complain("Gateway", f"gatewayClassName: a\nlisteners:\n{other}\n{other}") == [
        '4 error: "spec.listeners[1]" has the port, protocol and hostname of a listener before',
        '5 error: "spec.listeners[2].name" is "one" like that of a listener before; names must differ',
        '5 error: "spec.listeners[2]" has the port, protocol and hostname of a listener before',
        '6 error: "spec.listeners[3].name" is "two" like that of a listener before; names must differ',
        '6 error: "spec.listeners[3]" has the port, protocol and hostname of a listener before',
    ]
