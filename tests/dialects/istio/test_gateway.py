from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.listeners import Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]


def listeners(read: Read, spec: str) -> tuple[Listener, ...]:
    fragment = read(document("Gateway", spec, metadata=", creationTimestamp: '2026'"))
    assert findings(fragment) == []
    return fragment.listeners


def one(server: str) -> str:
    return f"servers:\n- {server}"


def test_every_server_is_a_listener(read: Read) -> None:
    spec = """
    selector: {istio: ingressgateway, app: x}
    servers:
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: ["*"]
      tls: {httpsRedirect: true}
    - port: {number: 443, name: https, protocol: HTTPS}
      name: secure
      bind: 0.0.0.0
      hosts: [shop.example.org, ./a.example.org, other/*.example.org, "*/b.example.org", shop.example.org]
      tls: {mode: SIMPLE, credentialName: cert}
    - port: {number: 9000, protocol: tcp}
      hosts: ["*"]
    """
    plain, secure, tcp = listeners(read, spec)
    assert [each.name for each in (plain, secure, tcp)] == [
        Name("shop", "istio/it/http"),
        Name("shop", "istio/it/secure"),
        Name("shop", "istio/it/9000"),
    ]
    assert [each.section for each in (plain, secure, tcp)] == ["http", "secure", "9000"]
    assert [(each.port, each.declared_port) for each in (plain, secure, tcp)] == [(8080, 80), (8443, 443), (9000, 0)]
    assert [each.protocol for each in (plain, secure, tcp)] == [
        ListenerProtocol.HTTP,
        ListenerProtocol.HTTPS,
        ListenerProtocol.TCP,
    ]
    assert (plain.redirect_to_https, secure.redirect_to_https) == (8443, None)
    assert (plain.address, secure.address) == ("127.0.0.1", "0.0.0.0")
    assert secure.hosts == (
        ListenerHost(host="shop.example.org"),
        ListenerHost(host="a.example.org", namespaces=("shop",)),
        ListenerHost(host="*.example.org", namespaces=("other",)),
        ListenerHost(host="b.example.org"),
    )
    for each in (plain, secure, tcp):
        assert (each.gateway, each.created) == (Name("shop", "istio/it"), "2026")
        assert each.selector == (("app", "x"), ("istio", "ingressgateway"))


def test_redirects_go_to_the_usual_port_where_no_other_is_known(read: Read) -> None:
    (found,) = listeners(read, one("{port: {number: 80, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}"))
    assert found.redirect_to_https == 8443
    (found,) = listeners(read, one("{port: {number: 80, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: false}}"))
    assert found.redirect_to_https is None


@pytest.mark.parametrize(
    ("server", "expected", "handling"),
    [
        ("protocol: GRPC}, hosts: ['*']}", ListenerProtocol.HTTP, TlsHandling.TERMINATE),
        ("protocol: MONGO}, hosts: ['*']}", ListenerProtocol.TCP, TlsHandling.TERMINATE),
        (
            "protocol: HTTPS}, hosts: [a.b], tls: {mode: PASSTHROUGH}}",
            ListenerProtocol.TLS,
            TlsHandling.PASSTHROUGH,
        ),
        ("protocol: HTTPS}, hosts: [a.b], tls: {mode: ISTIO_MUTUAL}}", ListenerProtocol.HTTPS, TlsHandling.MESH),
        (
            "protocol: TLS}, hosts: [a.b], tls: {mode: SIMPLE, credentialName: c}}",
            ListenerProtocol.TLS,
            TlsHandling.TERMINATE,
        ),
    ],
)
def test_protocols(read: Read, server: str, expected: ListenerProtocol, handling: TlsHandling) -> None:
    (found,) = listeners(read, one(f"{{port: {{number: 8080, {server}"))
    assert (found.protocol, found.tls) == (expected, handling)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (
            "{port: {number: 443, protocol: HTTPS}, hosts: ['*']}",
            'error: "spec.servers[0]" speaks HTTPS and needs tls',
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: ['*'], tls: {mode: SIMPLE}}",
            'error: "spec.servers[0].tls" can have nothing but httpsRedirect where HTTP is spoken; '
            "write protocol: HTTPS or TLS",
        ),
        (
            "{port: {number: 80, protocol: TCP}, hosts: ['*'], tls: {httpsRedirect: true}}",
            'error: "spec.servers[0].tls" can have nothing where TCP is spoken; write protocol: HTTPS or TLS',
        ),
        (
            "{port: {number: 80, protocol: UDP}, hosts: ['*']}",
            'error: "spec.servers[0].port.protocol" is UDP, which a Gateway of Istio does not have; write a UDPRoute',
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: ['a*.b']}",
            'error: "spec.servers[0].hosts[0]" must be a host such as shop.example.org, *.example.org, * or '
            'namespace/host, not "a*.b"',
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: ['A/b']}",
            'error: "spec.servers[0].hosts[0]" must be a host such as shop.example.org, *.example.org, * or '
            'namespace/host, not "A/b"',
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: [1]}",
            'error: "spec.servers[0].hosts[0]" must be a host such as shop.example.org, *.example.org, * or '
            "namespace/host, not 1",
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: ['*'], bind: x}",
            'error: "spec.servers[0].bind" must be an IP address such as 127.0.0.1 or 0.0.0.0, not "x"',
        ),
        (
            "{port: {number: 80, protocol: HTTP, targetPort: 8}, hosts: ['*'], bind: ''}",
            'warning: "spec.servers[0].port.targetPort" has no effect: nothing stands before the gateway',
        ),
        (
            "{port: {number: 80, protocol: HTTP}, hosts: ['*'], bind: 1}",
            'error: "spec.servers[0].bind" must be an IP address such as 127.0.0.1 or 0.0.0.0, not 1',
        ),
    ],
)
def test_mistakes(read: Read, server: str, expected: str) -> None:
    assert findings(read(document("Gateway", one(server)))) == [f"6 {expected}"]


def test_servers_have_names_of_their_own(read: Read) -> None:
    spec = """
    servers:
    - {port: {number: 80, name: a, protocol: HTTP}, hosts: ["*"]}
    - {port: {number: 81, name: a, protocol: HTTP}, hosts: ["*"]}
    - {port: {number: 81, protocol: HTTP}, hosts: ["*"], name: a}
    """
    assert findings(read(document("Gateway", spec))) == [
        '7 error: "spec.servers[1].port.name" is "a", which another server has; give each its own name',
        '8 error: "spec.servers[2].name" is "a", which another server has; give each its own name',
    ]


def test_a_gateway_without_servers(read: Read) -> None:
    assert findings(read(document("Gateway", "servers: []"))) == ['5 error: "spec.servers" is empty; name at least one']
