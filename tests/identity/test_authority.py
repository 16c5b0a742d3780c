"""What the authority issues, judged by other people's verifiers too."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tulle.identity import spiffe
from tulle.identity.authority import Authority, ServerNames
from tulle.identity.keys import BadRequest, new_key, read_leaf, request
from tulle.identity.spiffe import NotAnIdentity
from tulle.identity.trust import fingerprint
from tulle.identity.vault import INTERMEDIATE, RENEW_INTERMEDIATE
from tulle.kit.clock import ManualClock
from tulle.model.security import Identity

KEY = new_key()
CSR = request(KEY)
WEB = Identity("mesh.test", "shop", "web")


def leaf_of(chain: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain)[0]


def test_a_workload_certificate_is_an_x509_svid(authority: Authority) -> None:
    leaf = leaf_of(authority.sign(CSR, WEB, 3600))
    assert leaf.public_key() == KEY.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical and list(names.value) == [x509.UniformResourceIdentifier(str(WEB))]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature
    assert not usage.value.key_cert_sign and not usage.value.crl_sign
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and not constraints.value.ca
    assert not list(leaf.subject)


def test_the_path_of_issuers_has_a_fixed_length(authority: Authority) -> None:
    intermediate = x509.load_pem_x509_certificates(authority.sign(CSR, WEB, 60))[1]
    root = x509.load_pem_x509_certificate(authority.bundle.pem)
    for certificate, length in ((root, 1), (intermediate, 0)):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and (constraints.value.ca, constraints.value.path_length) == (True, length)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical and usage.value.key_cert_sign and not usage.value.digital_signature
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert list(names) == [x509.UniformResourceIdentifier("spiffe://mesh.test")]


def test_everything_in_a_request_but_its_key_is_ignored(authority: Authority) -> None:
    greedy = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin")]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(KEY, hashes.SHA256())
    )
    leaf = leaf_of(authority.sign(greedy.public_bytes(Encoding.PEM), WEB, 60))
    assert b"bank" not in leaf.public_bytes(Encoding.DER) and b"admin" not in leaf.public_bytes(Encoding.DER)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_server_gets_its_names_beside_the_spiffe_one(authority: Authority) -> None:
    names = ServerNames(dns=("mesh.example.org",), addresses=(ip_address("127.0.0.1"), ip_address("::1")))
    leaf = leaf_of(authority.sign(CSR, spiffe.plane("mesh.test"), 60, names))
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["mesh.example.org"]
    assert found.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]


def test_openssl_verifies_a_chain(tmp_path: Path) -> None:
    authority = Authority.open(tmp_path / "ca", trust_domain="mesh.test")
    (tmp_path / "chain.pem").write_bytes(authority.sign(CSR, WEB, 60))
    (tmp_path / "root.pem").write_bytes(authority.bundle.pem)
    for purpose in ("sslclient", "sslserver"):
        command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "root.pem"]
        command += ["-untrusted", "chain.pem", "chain.pem"]
        result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert result.stdout == "chain.pem: OK\n", result.stderr


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.floats(10, 30 * 24 * 3600))
def test_a_certificate_lives_as_long_as_asked_and_half_of_it_is_ahead(authority: Authority, lifetime: float) -> None:
    now = ManualClock(authority._clock.now()).now()
    leaf = read_leaf(authority.sign(CSR, WEB, lifetime))
    assert abs((leaf.not_after - now).total_seconds() - lifetime) <= 1
    assert 0 < (now - leaf.not_before).total_seconds() <= 61
    assert (leaf.renew_at - now).total_seconds() >= 0.4 * lifetime - 1


def test_a_bad_request_or_identity_issues_nothing(authority: Authority) -> None:
    with pytest.raises(BadRequest):
        authority.sign(b"rubbish", WEB, 60)
    with pytest.raises(NotAnIdentity):
        authority.sign(CSR, Identity("mesh.test", "a/b", "c"), 60)


def test_the_same_authority_is_opened_again(opened: Callable[[], Authority]) -> None:
    first, second = opened(), opened()
    assert first.fingerprint == second.fingerprint == first.bundle.fingerprints[0]
    der = x509.load_pem_x509_certificate(first.bundle.pem).public_bytes(Encoding.DER)
    assert first.fingerprint == fingerprint(der)
    second.bundle.verify(first.sign(CSR, WEB, 60), first._clock.now())


def test_a_trust_domain_that_spiffe_forbids_makes_no_authority(tmp_path: Path) -> None:
    with pytest.raises(NotAnIdentity):
        Authority.open(tmp_path / "ca", trust_domain="Not/One")
    assert not (tmp_path / "ca").exists()


def test_the_intermediate_is_renewed_in_time_and_old_certificates_stay_good(
    opened: Callable[[], Authority], clock: ManualClock, tmp_path: Path
) -> None:
    authority = opened()
    before = authority.sign(CSR, WEB, 300 * 24 * 3600)
    clock.advance((timedelta(days=365) - RENEW_INTERMEDIATE).total_seconds() - 5)
    assert authority.sign(CSR, WEB, 60).endswith(before[-200:])
    clock.advance(10)
    after = authority.sign(CSR, WEB, 60)
    assert not after.endswith(before[-200:])
    for chain in (before, after):
        assert authority.bundle.verify(chain, clock.now()) == WEB
    assert opened().sign(CSR, WEB, 60).endswith(after[-200:])
    assert (tmp_path / "ca" / INTERMEDIATE).stat().st_mode & 0o777 == 0o600


def test_no_certificate_outlives_its_issuer(authority: Authority, clock: ManualClock) -> None:
    chain = x509.load_pem_x509_certificates(authority.sign(CSR, WEB, 9 * 365 * 24 * 3600))
    assert chain[0].not_valid_after_utc == chain[1].not_valid_after_utc
    clock.advance(timedelta(days=3600).total_seconds())
    chain = x509.load_pem_x509_certificates(authority.sign(CSR, WEB, 60))
    assert chain[1].not_valid_after_utc == x509.load_pem_x509_certificate(authority.bundle.pem).not_valid_after_utc
