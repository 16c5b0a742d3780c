from __future__ import annotations

from tests.dialects.traefik.reading import only, read
from tulle.model.names import Name


def test_certificates() -> None:
    pair = only("tls: {certificates: [{certFile: a, keyFile: b, stores: default}]}")
    assert not pair.is_default
    assert pair.name.namespace == "@file"
    assert only("tls: {certificates: [{CertFile: a, keyfile: b}]}").name == pair.name == Name("@file", "a")
    text = "-----BEGIN CERTIFICATE-----"
    assert len(only(f"tls: {{certificates: [{{certFile: '{text}', keyFile: b}}]}}").name.name) == 16


def test_the_default_certificate() -> None:
    pair = only("tls: {stores: {default: {defaultCertificate: {certFile: a, keyFile: b}}}}")
    assert pair.is_default
    assert pair.name == Name("@file", "store/default")
    assert read("tls: {stores: {default: {}}}") == ([], [])


def test_mistakes() -> None:
    assert read("""
tls:
  certificates:
    - {certFile: a}
    - {certFile: b, keyFile: c, stores: [other]}
    - {certFile: c, kyFile: c}
  stores:
    other: {defaultCertificate: {certFile: a, keyFile: b}}
    default: {defaultCertificate: {keyFile: b}}
""") == (
        [],
        [
            '4: certificate a: "keyFile" is missing; name a file, or write PEM',
            '5: certificate b: "stores[0]" must be "default": there is no other store',
            '6: certificate c: unknown field "kyFile"; did you mean "keyFile"?',
            '8 warning: TLS store other has no effect: there is no store but "default"',
            '9: TLS store default: "defaultCertificate.certFile" is missing; name a file, or write PEM',
        ],
    )
