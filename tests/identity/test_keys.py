"""Keys and requests: only P-256, and only with a signature that is right."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tulle.identity import spiffe
from tulle.identity.authority import Authority
from tulle.identity.keys import (
    BadCertificate,
    BadRequest,
    key_pem,
    new_key,
    read_key,
    read_leaf,
    request,
    requested_key,
)

KEY = new_key()
CSR = request(KEY)


def csr_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, algorithm)
    return csr.public_bytes(Encoding.PEM)


def test_a_key_survives_its_file() -> None:
    assert read_key(key_pem(KEY)).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"rubbish",
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
        rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key_pem(ec.generate_private_key(ec.SECP384R1())),
    ],
)
def test_other_keys_are_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match="not an"):
        read_key(pem)


def test_a_request_gives_its_key() -> None:
    assert requested_key(CSR) == KEY.public_key()


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
)
def test_a_request_with_another_kind_of_key_is_refused(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    with pytest.raises(BadRequest, match="must be ECDSA P-256"):
        requested_key(csr_of(key))


@pytest.mark.parametrize(
    "csr", [b"", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_rubbish_is_refused(csr: bytes) -> None:
    with pytest.raises(BadRequest, match="not a certificate signing request"):
        requested_key(csr)


def test_a_request_that_was_changed_is_refused() -> None:
    der = bytearray(x509.load_pem_x509_csr(CSR).public_bytes(Encoding.DER))
    other = new_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    point = KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    forged = bytes(der).replace(point, other)
    pem = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM)
    with pytest.raises(BadRequest, match=r"the signature .* is wrong"):
        requested_key(pem)


@settings(max_examples=200)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_damage_to_a_request_gives_another_key(position: int, difference: int) -> None:
    der = bytearray(x509.load_pem_x509_csr(CSR).public_bytes(Encoding.DER))
    der[position % len(der)] ^= difference
    body = base64.encodebytes(bytes(der))
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + body + b"-----END CERTIFICATE REQUEST-----\n"
    with suppress(BadRequest):
        assert requested_key(pem) == KEY.public_key()


def test_a_leaf_says_who_and_how_long(authority: Authority) -> None:
    leaf = read_leaf(authority.sign(CSR, spiffe.gateway("mesh.test"), 3600))
    assert leaf.identity == spiffe.gateway("mesh.test")
    assert leaf.not_before < leaf.renew_at < leaf.not_after
    assert abs((leaf.renew_at - leaf.not_before) - (leaf.not_after - leaf.renew_at)).total_seconds() < 0.01


def test_what_is_no_workload_certificate_is_refused(authority: Authority) -> None:
    with pytest.raises(BadCertificate, match="not a certificate"):
        read_leaf(b"rubbish")
    with pytest.raises(BadCertificate, match="not of the form"):
        read_leaf(authority.bundle.pem)


@pytest.mark.parametrize("uris", [(), ("spiffe://d/ns/n/sa/a", "spiffe://d/ns/n/sa/b")])
def test_a_certificate_needs_exactly_one_uri_name(uris: tuple[str, ...], authority: Authority) -> None:
    names: list[x509.GeneralName] = [x509.DNSName("x"), *(x509.UniformResourceIdentifier(uri) for uri in uris)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .sign(KEY, hashes.SHA256())
    )
    with pytest.raises(BadCertificate, match=f"this one has {len(uris)}"):
        read_leaf(certificate.public_bytes(Encoding.PEM))
