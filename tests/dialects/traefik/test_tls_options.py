from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.traefik.reading import only, read, wrong
from tulle.model.listeners import ClientCertificates, TlsVersions
from tulle.model.routers import USUAL_CIPHERS


def options(text: str) -> Any:
    return only(f"tls: {{options: {{o: {{{text}}}}}}}")


def test_every_option() -> None:
    found = options("""minVersion: VersionTLS11, maxVersion: VersionTLS12, curvePreferences: [CurveP521],
  cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], sniStrict: true, alpnProtocols: [http/1.1, acme-tls/1],
  disableSessionTickets: true""")
    assert found.versions == TlsVersions(
        minimum="1.1", maximum="1.2", ciphers=("ECDHE-RSA-AES128-GCM-SHA256",), curves=("P-521",), resumes=False
    )
    assert (found.is_strict, found.protocols) == (True, ("http/1.1",))
    assert found.trust is None
    assert options("").protocols == ("h2", "http/1.1")


@pytest.mark.parametrize(
    ("kind", "handling"),
    [
        ("RequestClientCert", ClientCertificates.UNVERIFIED),
        ("RequireAnyClientCert", ClientCertificates.UNVERIFIED_REQUIRED),
        ("VerifyClientCertIfGiven", ClientCertificates.OPTIONAL),
        ("RequireAndVerifyClientCert", ClientCertificates.REQUIRED),
    ],
)
def test_certificates_of_clients(kind: str, handling: ClientCertificates) -> None:
    trust = options(f"clientAuth: {{caFiles: ca.pem, clientAuthType: {kind}}}").trust
    assert (trust.handling, trust.ca_file) == (handling, "/etc/traefik/ca.pem")
    assert options(f"clientAuth: {{clientAuthType: {kind}}}").trust.ca_file == ""


def test_no_certificates_of_clients() -> None:
    assert options("clientAuth: {clientAuthType: NoClientCert}").trust is None


def test_what_is_left_out() -> None:
    (found,), findings = read("""
tls:
  options:
    o:
      cipherSuites: [TLS_RSA_WITH_RC4_128_SHA]
      clientAuth: {caFiles: [a, b], clientAuthType: RequireAndVerifyClientCert}
""")
    assert found.versions.ciphers == USUAL_CIPHERS
    assert findings == ['5 warning: TLS options o: "cipherSuites[0]" is none that Envoy knows; it is left out']


def test_authorities_of_clients() -> None:
    files = options("clientAuth: {caFiles: [a, /b], clientAuthType: RequireAndVerifyClientCert}")
    assert (files.trust.ca_file, files.trust.more_ca_files) == ("/etc/traefik/a", ("/b",))
    assert files.authorities == ""
    texts = options(
        "clientAuth: {caFiles: ['-----BEGIN a', '-----BEGIN b'], clientAuthType: RequireAndVerifyClientCert}"
    )
    assert (texts.trust.ca_file, texts.authorities) == ("", "-----BEGIN a\n-----BEGIN b")


def test_mistakes() -> None:
    assert wrong("tls: {options: {o: {minVersion: TLS12}}}")[0].startswith(
        '1: TLS options o: "minVersion" must be one of '
    )


def test_curves_that_are_none() -> None:
    (message,) = wrong("tls: {options: {o: {curvePreferences: [X25519, Curve]}}}")
    assert message.startswith('1: TLS options o: "curvePreferences[1]" must be one of CurveP256, ')
