from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from josepy.jwa import ES256, ES384, ES512, RS256

from tulle.clients.acme import keys
from tulle.clients.acme.keys import Unusable
from tulle.model.resolvers import KeyType


@pytest.mark.parametrize("kind", [KeyType.EC256, KeyType.EC384, KeyType.RSA2048])
def test_keys_of_certificates(kind: KeyType) -> None:
    key = keys.private_key(keys.new_key(kind))
    assert kind.removeprefix("EC").removeprefix("RSA") == str(key.key_size)


def test_keys_are_read_as_traefik_keeps_them() -> None:
    key = rsa.generate_private_key(65537, 2048)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert keys.private_key(der).public_key() == key.public_key()
    strange = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for text in (strange, "", b"\x00", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(Unusable):
            keys.private_key(text)


def test_accounts_sign_with_what_their_key_can() -> None:
    curves = {ES256: ec.SECP256R1(), ES384: ec.SECP384R1(), ES512: ec.SECP521R1()}
    for algorithm, curve in curves.items():
        assert keys.account_key(keys.pem(ec.generate_private_key(curve)))[1] is algorithm
    assert keys.account_key(keys.new_key(KeyType.RSA2048))[1] is RS256


def request(*domains: str, emails: tuple[str, ...] = (), has_subject: bool = True) -> x509.CertificateSigningRequest:
    text = keys.signing_request(keys.new_account_key(), domains, emails=emails, has_subject=has_subject)
    return x509.load_pem_x509_csr(text.encode())


def subject(found: x509.CertificateSigningRequest) -> list[str]:
    return [str(each.value) for each in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def test_a_request_has_every_name_and_the_first_as_its_subject() -> None:
    found = request("a.example", "*.a.example", "127.0.0.1", emails=("me@a.example",))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "*.a.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.RFC822Name) == ["me@a.example"]
    assert subject(found) == ["a.example"]
    assert subject(request("a.example", has_subject=False)) == []
    assert subject(request(f"{'a' * 60}.example")) == [], "a subject has 64 characters at most"
    assert subject(request("::1", "a.example")) == []


def test_a_proof_is_a_certificate_for_one_name_with_the_digest() -> None:
    certificate, key = keys.proof("a.example", "token.thumb")
    found = keys.facts(certificate, key)
    assert found.names == ("a.example",)
    assert found.begin < datetime.now(UTC) < found.end
    extension = x509.load_pem_x509_certificate(certificate.encode()).extensions.get_extension_for_oid(
        keys.ACME_IDENTIFIER
    )
    assert extension.critical
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    assert extension.value.value == b"\x04\x20" + sha256(b"token.thumb").digest()


def test_facts_are_those_of_the_first_certificate() -> None:
    certificate, key = keys.proof("127.0.0.1", "token.thumb")
    other, _ = keys.proof("b.example", "token.thumb")
    found = keys.facts(certificate + other, key)
    assert found.names == ("127.0.0.1",)
    assert found.lifetime == timedelta(days=7, hours=1)
    with pytest.raises(Unusable, match="does not belong"):
        keys.facts(other, key)
    with pytest.raises(Unusable, match="no chain"):
        keys.facts("nothing")


def test_chains_are_told_by_their_last_issuer() -> None:
    certificate, _ = keys.proof("a.example", "token.thumb")
    assert keys.has_root(certificate, "ACME challenge")
    assert not keys.has_root(certificate, "another")
