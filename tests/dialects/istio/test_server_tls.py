from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.dialects.istio import server_tls
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Listener,
    TlsHandling,
    TlsVersions,
)
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]
KEY, HASH = "A" * 43 + "=", "b" * 64


def one(text: str) -> str:
    return document(
        "Gateway",
        f"servers:\n- port: {{number: 443, name: https, protocol: HTTPS}}\n  hosts: ['*']\n  tls: {text}",
    )


def listener(read: Read, text: str) -> Listener:
    fragment = read(one(text))
    assert findings(fragment) == []
    (found,) = fragment.listeners
    return found


def test_without_tls_it_would_be_ended() -> None:
    assert server_tls.handling(None) is TlsHandling.TERMINATE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", TlsHandling.PASSTHROUGH),
        ("{mode: AUTO_PASSTHROUGH}", TlsHandling.AUTO_PASSTHROUGH),
        ("{mode: ISTIO_MUTUAL}", TlsHandling.MESH),
        ("{mode: SIMPLE, credentialName: a}", TlsHandling.TERMINATE),
    ],
)
def test_modes(read: Read, text: str, expected: TlsHandling) -> None:
    found = listener(read, text)
    assert (found.tls, found.client_trust) == (expected, None)


def test_secrets(read: Read) -> None:
    found = listener(read, "{mode: SIMPLE, credentialNames: [a, b]}")
    assert found.certificates == (
        Certificate(secret=Name("shop", "a"), searches_root=True),
        Certificate(secret=Name("shop", "b"), searches_root=True),
    )
    assert found.certificates[0].origin.line == 8


def test_files(read: Read) -> None:
    found = listener(read, "{mode: SIMPLE, serverCertificate: a.pem, privateKey: /b.pem}")
    assert found.certificates == (Certificate(certificate_file="/folder/a.pem", key_file="/b.pem"),)
    found = listener(
        read,
        "{mode: MUTUAL, tlsCertificates: [{serverCertificate: /a, privateKey: /b}, {serverCertificate: /c, "
        "privateKey: /d, caCertificates: /e}], caCrl: /f}",
    )
    assert [each.key_file for each in found.certificates] == ["/b", "/d"]
    assert found.client_trust == ClientTrust(ca_file="/e", crl_file="/f", searches_root=True)


def test_clients_with_certificates(read: Read) -> None:
    found = listener(
        read,
        f"{{mode: OPTIONAL_MUTUAL, credentialName: a, subjectAltNames: [b], verifyCertificateSpki: [{KEY}], "
        f"verifyCertificateHash: [{HASH}]}}",
    )
    assert found.client_trust == ClientTrust(
        handling=ClientCertificates.OPTIONAL,
        secrets=(Name("shop", "a"),),
        searches_root=True,
        subject_alt_names=("b",),
        spki=(KEY,),
        hashes=(HASH,),
    )
    found = listener(read, "{mode: MUTUAL, credentialName: a, caCertCredentialName: b}")
    assert found.client_trust == ClientTrust(secrets=(Name("shop", "b"),), searches_root=True)
    found = listener(read, "{mode: MUTUAL, credentialName: a, caCertCredentialName: 'configmap://b'}")
    assert found.client_trust == ClientTrust(ca_maps=(Name("shop", "b"),), searches_root=True)


def test_versions(read: Read) -> None:
    text = (
        "{mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_3, "
        "cipherSuites: [AES128-SHA]}"
    )
    assert listener(read, text).versions == TlsVersions(minimum="1.2", maximum="1.3", ciphers=("AES128-SHA",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{credentialName: a}",
            'error: "{}.credentialName" has no effect in mode PASSTHROUGH; mode is missing: write SIMPLE or MUTUAL',
        ),
        ("{mode: ISTIO_MUTUAL, caCrl: a}", 'error: "{}.caCrl" has no effect in mode ISTIO_MUTUAL'),
        (
            "{mode: SIMPLE, credentialName: a, serverCertificate: b, privateKey: c}",
            'error: "{}" takes only one of credentialName, tlsCertificates, and serverCertificate with privateKey',
        ),
        (
            "{mode: SIMPLE}",
            'error: "{}" needs credentialName, or serverCertificate and privateKey, in mode SIMPLE',
        ),
        ("{mode: SIMPLE, privateKey: a}", 'error: "{}" needs both serverCertificate and privateKey'),
        (
            "{mode: SIMPLE, tlsCertificates: [{privateKey: a}]}",
            'error: "{}.tlsCertificates[0]" needs both serverCertificate and privateKey',
        ),
        (
            "{mode: SIMPLE, credentialName: a, subjectAltNames: [b]}",
            'warning: "{}.subjectAltNames" has no effect in mode SIMPLE, where clients show no certificates',
        ),
        (
            "{mode: MUTUAL, serverCertificate: a, privateKey: b}",
            'error: "{}" needs caCertificates or credentialName in mode MUTUAL: whom to believe',
        ),
        (
            "{mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_3, maxProtocolVersion: TLSV1_2}",
            'error: "{}.minProtocolVersion" is newer than maxProtocolVersion',
        ),
        (
            "{mode: PASSTHROUGH, httpsRedirect: true}",
            'warning: "{}.httpsRedirect" has no effect on what is HTTPS already',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"8 {expected.replace('{}', 'spec.servers[0].tls')}"]


def test_ciphers_that_nobody_knows_are_left_out(read: Read) -> None:
    fragment = read(one("{mode: SIMPLE, credentialName: a, cipherSuites: [TLS_AES_128_GCM_SHA256, AES128-SHA]}"))
    (finding,) = fragment.findings
    assert 'is "TLS_AES_128_GCM_SHA256", no cipher up to TLS 1.2: it is left out' in finding.message
    assert fragment.listeners[0].versions.ciphers == ("AES128-SHA",)
