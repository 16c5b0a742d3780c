"""Certificates that nobody has signed but a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.clients.acme import keys
from tulle.flow.certificates.kept import Certificate, identity
from tulle.flow.certificates.planning import Known

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIRECTORY = "https://ca.example/directory"


@cache
def pair(*names: str, begin: datetime = NOW, lifetime: timedelta = timedelta(days=90)) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), keys.pem(key)


def certificate(
    *names: str, resolver: str = "le", begin: datetime = NOW, lifetime: timedelta = timedelta(days=90)
) -> Certificate:
    chain, key = pair(*names, begin=begin, lifetime=lifetime)
    return Certificate(resolver=resolver, domains=names, chain=chain, key=key, authority=DIRECTORY)


def known(*certificates: Certificate) -> dict[str, Known]:
    found = {}
    for each in certificates:
        facts = keys.facts(each.chain) if each.chain else None
        found[identity(each.resolver, each.domains)] = Known(certificate=each, facts=facts)
    return found
