"""Certificates of authorities that only tests know."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import Secret

Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
NOW = datetime.now(UTC).replace(microsecond=0)


def pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass
class Pki:
    """An authority."""

    name: str = "authority"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = _built(self.name, self.name, self.key, self.key, (constraints, True), _usage(ca=True))

    @property
    def ca(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str, key: Key | None = None) -> tuple[bytes, bytes]:
        """A chain and its key."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        found = x509.SubjectAlternativeName([_general(name) for name in names])
        made = _built(names[0], self.name, own, self.key, (found, False))
        return made.public_bytes(serialization.Encoding.PEM), pem(own)

    def revoked(self, *chains: bytes) -> bytes:
        """The list of revoked certificates."""
        builder = x509.CertificateRevocationListBuilder(
            self.certificate.subject, last_update=NOW - timedelta(hours=1), next_update=NOW + timedelta(days=1)
        )
        for chain in chains:
            serial = x509.load_pem_x509_certificate(chain).serial_number
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, NOW).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def secret(self, name: str, *names: str, **more: bytes) -> Secret:
        """A secret of the namespace `default` as Kubernetes has it."""
        chain, key = self.issue(*names)
        extra = tuple((key.replace("_", "."), value) for key, value in more.items())
        return secret(name, ("tls.crt", chain), ("tls.key", key), *extra)


def secret(name: str, *entries: tuple[str, bytes]) -> Secret:
    return Secret(name=Name("default", name), origin=BUILT_IN, data=entries)


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, ca: bool) -> tuple[x509.KeyUsage, bool]:
    return x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), True


def _built(
    subject: str,
    issuer: str,
    key: Key,
    signer: ec.EllipticCurvePrivateKey,
    *extensions: tuple[x509.ExtensionType, bool],
) -> x509.Certificate:
    def called(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:60])])

    builder = x509.CertificateBuilder(
        called(issuer), called(subject), key.public_key(), x509.random_serial_number(),
        NOW - timedelta(days=1), NOW + timedelta(days=1),
    )  # fmt: skip
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())
