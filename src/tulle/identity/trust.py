"""Whom a mesh trusts: a bundle of root certificates, and whether a chain ends in it. Pure: no files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tulle.identity.keys import UNREADABLE, BadCertificate, read_leaf
from tulle.model.security import Identity

LONGEST_CHAIN = 4


@dataclass(frozen=True, slots=True)
class Bundle:
    """Root certificates, any of which may end a chain."""

    pem: bytes

    @classmethod
    def read(cls, pem: bytes) -> Bundle:
        """Check and keep PEM certificates.

        Raises:
            BadCertificate: there is none, or one of them is no certificate.
        """
        bundle = cls(pem)
        _certificates(pem)
        return bundle

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of each root (of its DER form), in hexadecimal."""
        return tuple(fingerprint(root.public_bytes(Encoding.DER)) for root in _certificates(self.pem))

    def verify(self, chain: bytes, now: datetime) -> Identity:
        """Who a PEM chain (leaf first) says that its owner is, if it ends in this bundle and all of it is valid now.

        Raises:
            BadCertificate: it does not, with the reason.
        """
        certificates = _certificates(chain)[:LONGEST_CHAIN]
        roots = _certificates(self.pem)
        for certificate, issuer in pairwise(certificates):
            _check_issued(certificate, issuer)
        anchor = next((root for root in roots if _is_issued(certificates[-1], root)), None)
        if anchor is None:
            raise BadCertificate("the certificate was not issued by this mesh")
        for certificate in (*certificates, anchor):
            if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                raise BadCertificate(
                    f"a certificate of the chain is valid from {certificate.not_valid_before_utc:%F %T} "
                    f"to {certificate.not_valid_after_utc:%F %T} UTC; is the clock right?"
                )
        return read_leaf(chain).identity


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate in DER form, in hexadecimal; what a join token pins."""
    return sha256(der).hexdigest()


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except UNREADABLE as error:
        raise BadCertificate("no certificates in PEM form") from error


def _is_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        _check_issued(certificate, issuer)
    except BadCertificate:
        return False
    return True


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except UNREADABLE as error:
        raise BadCertificate("a certificate of the chain was not issued by the next one") from error
    if not constraints.ca:
        raise BadCertificate("a certificate of the chain was issued by one that may not issue any")
