"""Whom a mesh trusts."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tulle.identity import spiffe
from tulle.identity.authority import Authority
from tulle.identity.keys import BadCertificate, new_key, request
from tulle.identity.trust import Bundle
from tulle.kit.clock import ManualClock
from tulle.model.security import Identity

WEB = Identity("mesh.test", "shop", "web")


@pytest.fixture
def chain(authority: Authority) -> bytes:
    return authority.sign(request(new_key()), WEB, 3600)


def test_a_chain_of_this_mesh_is_believed(authority: Authority, chain: bytes, clock: ManualClock) -> None:
    assert authority.bundle.verify(chain, clock.now()) == WEB
    assert authority.bundle.verify(chain + authority.bundle.pem, clock.now()) == WEB


def test_a_chain_of_another_mesh_is_not(authority: Authority, chain: bytes, tmp_path: Path, clock: ManualClock) -> None:
    other = Authority.open(tmp_path / "other", trust_domain="mesh.test", clock=clock)
    with pytest.raises(BadCertificate, match="not issued by this mesh"):
        other.bundle.verify(chain, clock.now())
    both = Bundle.read(other.bundle.pem + authority.bundle.pem)
    assert both.verify(chain, clock.now()) == WEB
    assert both.fingerprints == (other.fingerprint, authority.fingerprint)


@pytest.mark.parametrize("seconds", [-3600, 3601])
def test_time_counts(authority: Authority, chain: bytes, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    with pytest.raises(BadCertificate, match="is the clock right"):
        authority.bundle.verify(chain, clock.now())


def test_a_chain_with_a_gap_is_refused(authority: Authority, chain: bytes, clock: ManualClock) -> None:
    leaf, intermediate = (each.public_bytes(Encoding.PEM) for each in x509.load_pem_x509_certificates(chain))
    with pytest.raises(BadCertificate, match="not issued by this mesh"):
        authority.bundle.verify(leaf, clock.now())
    with pytest.raises(BadCertificate, match="was not issued by the next one"):
        authority.bundle.verify(leaf + leaf + intermediate, clock.now())


def test_a_workload_cannot_issue_certificates(authority: Authority, tmp_path: Path, clock: ManualClock) -> None:
    from cryptography.hazmat.primitives import hashes

    key, victim = new_key(), new_key()
    chain = authority.sign(request(key), WEB, 3600)
    issuer = x509.load_pem_x509_certificate(chain)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(victim.public_key())
        .serial_number(1)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(str(spiffe.plane("mesh.test")))]), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(BadCertificate, match="by one that may not issue any"):
        authority.bundle.verify(forged.public_bytes(Encoding.PEM) + chain, clock.now())


@pytest.mark.parametrize("pem", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_rubbish_is_no_bundle_and_no_chain(authority: Authority, clock: ManualClock, pem: bytes) -> None:
    with pytest.raises(BadCertificate, match="no certificates in PEM form"):
        Bundle.read(pem)
    with pytest.raises(BadCertificate, match="no certificates in PEM form"):
        authority.bundle.verify(pem, clock.now())
