from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.listeners import (
    ClientCertificates,
    ClientTrust,
    Listener,
    ListenerProtocol,
    TlsHandling,
    TlsVersions,
)
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "gateway: {listeners: {a: {port: 1, address: here}}}",
            'listener a: "address" must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not "here"',
        ),
        (
            "gateway: {listeners: {a: {port: 1, address: 5}}}",
            'listener a: "address" must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not 5',
        ),
        (
            "gateway: {listeners: {a: {port: 1, tls: {}}}}",
            'listener a: "tls" needs a certificate and its key, a secret, or passthrough',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp}}}",
            "listener a speaks tcp and needs to: the service that gets the bytes",
        ),
        (
            "gateway: {listeners: {a: {port: 1, to: db}}}",
            'listener a: "to" is for tcp, tls and udp; for http, write routes',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp, to: db, weights: {db: 1}}}}",
            'listener a: "weights" cannot stand beside to; write one of them',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: udp, streams: {to: db}}}}",
            'listener a: "streams" are for tcp and tls, not for udp',
        ),
        (
            "gateway: {listeners: {a: {port: 1, tls: {mesh: true, client_ca: c}}}}",
            'listener a: "tls" with mesh takes no client_ca',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tls, tls: {mesh: true, passthrough: true}, to: db}}}",
            'listener a: "tls" takes only one of passthrough, mesh',
        ),
        (
            "gateway: {listeners: {a: {port: 1, tls: {secret: s, client_names: k}}}}",
            'listener a: "tls" with client_names needs client_ca',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: udp, to: db, tls: {certificate: c, key: k}}}}",
            'listener a: "tls" cannot be used with udp',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tls, to: db}}}",
            'listener a: "protocol" is tls, which needs tls with a certificate and its key',
        ),
        (
            "gateway: {listeners: {a: {port: 1, protocol: tcp, to: db, redirect_to_https: 2}}}",
            'listener a: "redirect_to_https" is only for plain http',
        ),
        ("gateway: {listeners: {a: }}", "listener a must be a mapping, not nothing"),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


def test_certificates_without_a_default(read: Read) -> None:
    (listener,) = read(
        "gateway: {listeners: {a: {port: 1, tls: {certificates: [{certificate: c, key: k, hosts: a.b}]}}}}"
    ).listeners
    assert [item.hosts for item in listener.certificates] == [("a.b",)]


@pytest.mark.parametrize(
    ("tls", "message"),
    [
        ("{certificate: a}", '"tls" needs both certificate and key'),
        ("{certificate: a, key: b, secret: c}", '"tls" takes only one of certificate (with key), secret'),
        ("{secret: A}", '"tls.secret" must name a secret such as shop-tls or shop-tls.web, not "A"'),
        ("{passthrough: true, secret: a}", '"tls" with passthrough takes no secret'),
        ("{certificates: [{hosts: a.b}]}", '"tls.certificates[0]" needs a certificate and its key, or a secret'),
        ("{secret: a, client_certificates: optional}", '"tls" with client_certificates optional needs client_ca'),
        ("{secret: a, client_names: b}", '"tls" with client_names needs client_ca'),
        ("{passthrough: true}", '"tls.passthrough" is for protocol tls'),
        ("{by_cluster: true}", '"tls.by_cluster" is for protocol tls'),
        ("{by_cluster: true, mesh: true}", '"tls" takes only one of mesh, by_cluster'),
    ],
)
def test_mistakes_about_tls_are_told(read: Read, tls: str, message: str) -> None:
    (finding,) = read(f"gateway: {{listeners: {{a: {{port: 1, tls: {tls}}}}}}}").findings
    assert finding.message == f"listener a: {message}"


def listener(read: Read, text: str) -> Listener:
    (found,) = read(f"namespace: shop\ngateway: {{listeners: {{a: {{port: 8443, {text}}}}}}}").listeners
    return found


def test_certificates_may_be_secrets_of_the_mesh(read: Read) -> None:
    found = listener(read, "tls: {secret: a, certificates: [{secret: b.web, hosts: b.example.org}]}")
    first, second = found.certificates
    assert first.secret == Name("shop", "a") and second.secret == Name("web", "b")
    assert second.hosts == ("b.example.org",) and found.protocol is ListenerProtocol.HTTPS


def test_clients_may_show_certificates(read: Read) -> None:
    plain = listener(read, "tls: {secret: a, client_ca: ca.pem}")
    assert plain.client_ca_file == "/folder/ca.pem" and plain.client_trust is None
    found = listener(read, "tls: {secret: a, client_ca: ca.pem, client_certificates: optional, client_names: x}")
    assert found.client_ca_file == ""
    assert found.client_trust == ClientTrust(
        handling=ClientCertificates.OPTIONAL, ca_file="/folder/ca.pem", subject_alt_names=("x",)
    )
    found = listener(read, "tls: {secret: a, client_certificates: unverified}")
    assert found.client_trust == ClientTrust(handling=ClientCertificates.UNVERIFIED)


def test_tls_may_pass_through_by_its_server_name(read: Read) -> None:
    found = listener(read, "protocol: tls, hosts: [a.example.org, '*.b.org'], to: web, tls: {passthrough: true}")
    assert found.tls is TlsHandling.PASSTHROUGH and found.certificates == ()
    assert [each.host for each in found.hosts] == ["a.example.org", "*.b.org"]


def test_tls_may_pass_through_by_the_cluster_that_its_server_name_says(read: Read) -> None:
    found = listener(read, "protocol: tls, hosts: '*.local', tls: {by_cluster: true}")
    assert (found.tls, found.protocol) == (TlsHandling.AUTO_PASSTHROUGH, ListenerProtocol.TLS)
    (finding,) = read("gateway: {listeners: {a: {port: 1, protocol: tls, to: web, tls: {by_cluster: true}}}}").findings
    assert finding.message == (
        'listener a: "tls.by_cluster" says where the bytes go; leave out to, weights and streams'
    )


def test_clients_may_know_it_by_another_port(read: Read) -> None:
    assert listener(read, "public_port: 443").declared_port == 443
    assert listener(read, "public_port: 8443").declared_port == 0


def test_versions_of_tls_may_be_limited(read: Read) -> None:
    found = listener(read, "tls: {secret: a, min_version: '1.3', max_version: '1.3', ciphers: AES128-SHA}")
    assert found.versions == TlsVersions(minimum="1.3", maximum="1.3", ciphers=("AES128-SHA",))
