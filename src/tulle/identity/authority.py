"""The certificate authority of a mesh: what it issues, and the life of its own certificates.

Decides nothing about who may have which identity: whoever calls it does. Its files are the business of `vault`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tulle.identity import spiffe, vault
from tulle.identity.keys import requested_key
from tulle.identity.trust import Bundle, fingerprint
from tulle.identity.vault import Issuer
from tulle.kit.clock import Clock, SystemClock
from tulle.model.security import Identity

BACKDATE = timedelta(minutes=1)
"""A certificate is valid from a little before it was made, for hosts whose clock is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerNames:
    """Names beside the SPIFFE one, for servers that are reached by them."""

    dns: tuple[str, ...] = ()
    addresses: tuple[IPv4Address | IPv6Address, ...] = ()


class Authority:
    """Issues certificates. Use `Authority.open`."""

    def __init__(self, directory: Path, root: Issuer, intermediate: Issuer, clock: Clock) -> None:
        self._directory = directory
        self._root = root
        self._intermediate = intermediate
        self._clock = clock

    @classmethod
    def open(cls, directory: Path, *, trust_domain: str, clock: Clock | None = None) -> Authority:
        """Load the authority of a directory, or make one if there is no such directory.

        Raises:
            AuthorityError: files are missing, readable by others, damaged or expired. Nothing is ever replaced.
            OSError: the directory cannot be read or made; the disk is full.
        """
        clock = clock or SystemClock()
        if not directory.exists():
            vault.create(directory, spiffe.checked(spiffe.plane(trust_domain)).trust_domain, clock.now())
        root, intermediate = vault.load(directory, clock.now())
        return cls(directory, root, intermediate, clock)

    @property
    def bundle(self) -> Bundle:
        """What everybody in the mesh trusts."""
        return Bundle(self._root.pem)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root, in hexadecimal: what join tokens pin."""
        return fingerprint(self._root.certificate.public_bytes(Encoding.DER))

    def sign(self, csr: bytes, identity: Identity, lifetime: float, names: ServerNames | None = None) -> bytes:
        """A chain (PEM: leaf, intermediate) for the key of a request; everything else in the request is ignored.

        `lifetime` is in seconds from now. The intermediate is renewed here when its time has come.

        Raises:
            BadRequest: the request is damaged or its signature is wrong.
            NotAnIdentity: SPIFFE does not allow this identity.
            OSError: a renewed intermediate could not be stored, and the old one has expired.
        """
        key = requested_key(csr)
        spiffe.checked(identity)
        self._intermediate = vault.renewed(self._directory, self._root, self._intermediate, self._clock.now())
        return self._leaf(key, identity, lifetime, names or ServerNames()) + self._intermediate.pem

    def _leaf(self, key: ec.EllipticCurvePublicKey, identity: Identity, lifetime: float, names: ServerNames) -> bytes:
        issuer, now = self._intermediate.certificate, self._clock.now()
        # Whoever renews at half of a life counts from `not before`: a whole minute would eat a life of 60 s.
        start = now - min(BACKDATE, timedelta(seconds=lifetime) / 10)
        end = min(now + timedelta(seconds=lifetime), issuer.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )
        for extension, is_critical in _extensions(key, issuer, identity, names):
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self._intermediate.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _extensions(
    key: ec.EllipticCurvePublicKey, issuer: x509.Certificate, identity: Identity, names: ServerNames
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """X.509-SVID §4: no CA, digitalSignature alone (all that ECDSA in TLS 1.3 needs), client and server, one URI.

    The alternative name is critical because the subject is empty (RFC 5280 §4.2.1.6).
    """
    alternatives: list[x509.GeneralName] = [x509.UniformResourceIdentifier(str(identity))]
    alternatives += [x509.DNSName(name) for name in names.dns]
    alternatives += [x509.IPAddress(address) for address in names.addresses]
    return (
        (x509.SubjectAlternativeName(alternatives), True),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (vault.key_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(vault.public_key(issuer)), False),
    )
