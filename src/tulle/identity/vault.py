"""The files of the authority: made as a whole or not at all, checked before use, never silently replaced.

Issues only the certificates of the authority itself.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tulle.identity.keys import UNREADABLE, key_pem, new_key, read_key
from tulle.kit.files import write_atomically

log = logging.getLogger(__name__)

ROOT_LIFETIME = timedelta(days=3650)
INTERMEDIATE_LIFETIME = timedelta(days=365)
RENEW_INTERMEDIATE = timedelta(days=120)
"""With less than this left a new intermediate is made; no certificate of a workload should live longer than this."""
BACKDATE = timedelta(hours=1)

ROOT, ROOT_KEY, INTERMEDIATE = "root.pem", "root.key", "intermediate.pem"
"""The intermediate's file holds its certificate and its key, so that one rename replaces both."""


class AuthorityError(Exception):
    """The files of the authority cannot be used; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate that may issue others, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM)


def create(directory: Path, trust_domain: str, now: datetime) -> None:
    """Make a root and an intermediate in a new directory, which appears complete or not at all.

    Raises:
        OSError: it cannot be written, or it appeared in the meantime.
    """
    root = _new_issuer(None, trust_domain, now)
    temporary = directory.with_name(f".{directory.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700, parents=True)
    try:
        write_atomically(temporary / ROOT_KEY, key_pem(root.key))
        write_atomically(temporary / ROOT, root.pem)
        _store_intermediate(temporary, _new_issuer(root, trust_domain, now))
        temporary.rename(directory)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def load(directory: Path, now: datetime) -> tuple[Issuer, Issuer]:
    """The root and the intermediate of a directory.

    Raises:
        AuthorityError: files are missing, readable by others, damaged, expired, or do not belong together.
        OSError: a file cannot be read.
    """
    missing = [name for name in (ROOT, ROOT_KEY, INTERMEDIATE) if not (directory / name).is_file()]
    if missing:
        raise AuthorityError(
            f"the certificate authority in {directory} is incomplete: {', '.join(missing)} missing; restore it from a "
            "copy, or move the directory away to start a new authority (all agents must then join again)"
        )
    for name in (ROOT_KEY, INTERMEDIATE):
        _refuse_if_readable_by_others(directory / name)
    root = _read(directory, ROOT, ROOT_KEY)
    intermediate = _read(directory, INTERMEDIATE, INTERMEDIATE)
    _check_issued(directory / ROOT, root, root)
    _check_issued(directory / INTERMEDIATE, intermediate, root)
    if root.certificate.not_valid_after_utc <= now:
        raise AuthorityError(
            f"{directory / ROOT} has expired; move the directory away to start a new authority, "
            "and let all agents join again"
        )
    return root, intermediate


def renewed(directory: Path, root: Issuer, intermediate: Issuer, now: datetime) -> Issuer:
    """The intermediate to issue with: the same, or a new and stored one when little of its life is left.

    Raises:
        OSError: the new one could not be stored, and the old one has expired.
    """
    expires = intermediate.certificate.not_valid_after_utc
    if expires - now > RENEW_INTERMEDIATE:
        return intermediate
    successor = _new_issuer(root, _trust_domain(root.certificate), now)
    try:
        _store_intermediate(directory, successor)
    except OSError as error:
        if expires <= now:
            raise
        log.error("the renewed intermediate certificate could not be stored in %s: %s", directory, error)
        return intermediate
    log.info("the intermediate certificate was renewed until %s", successor.certificate.not_valid_after_utc)
    return successor


def public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """The key of one of our own certificates, which are all ECDSA."""
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def key_usage(*, digital_signature: bool = False, certificates: bool = False) -> x509.KeyUsage:
    """The few usages that we need: of a leaf, or of an authority."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=certificates,
        crl_sign=certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _new_issuer(root: Issuer | None, trust_domain: str, now: datetime) -> Issuer:
    """A root if there is none yet, otherwise an intermediate under it."""
    key = new_key()
    subject = _subject("root" if root is None else "intermediate", key)
    issuer_name, issuer_key = (subject, key) if root is None else (root.certificate.subject, root.key)
    lifetime = ROOT_LIFETIME if root is None else INTERMEDIATE_LIFETIME
    end = now + lifetime if root is None else min(now + lifetime, root.certificate.not_valid_after_utc)
    # X.509-SVID §4.1: a signing certificate may carry the name of its trust domain, without a path.
    name = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1 if root is None else 0), critical=True)
        .add_extension(key_usage(certificates=True), critical=True)
        .add_extension(name, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return Issuer(certificate, key)


def _subject(role: str, key: ec.EllipticCurvePrivateKey) -> x509.Name:
    # A part of the key makes the name unique: verifiers look issuers up by name.
    digest = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:12]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "tulle"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"tulle {role} {digest}"),
        ]
    )


def _trust_domain(root: x509.Certificate) -> str:
    names = root.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)[0].removeprefix("spiffe://")


def _store_intermediate(directory: Path, issuer: Issuer) -> None:
    write_atomically(directory / INTERMEDIATE, issuer.pem + key_pem(issuer.key))


def _refuse_if_readable_by_others(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise AuthorityError(
            f"{path} can be read by other users (mode {mode:04o}), so its key may be known to them; "
            f"if it is not, run: chmod 600 {path}"
        )


def _read(directory: Path, certificate_file: str, key_file: str) -> Issuer:
    try:
        certificate = x509.load_pem_x509_certificate((directory / certificate_file).read_bytes())
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        public = certificate.public_key()
    except UNREADABLE as error:
        raise AuthorityError(_damaged(directory / certificate_file, "holds no certificate of an authority")) from error
    if not constraints.ca:
        raise AuthorityError(_damaged(directory / certificate_file, "holds no certificate of an authority"))
    try:
        key = read_key((directory / key_file).read_bytes())
    except ValueError as error:
        raise AuthorityError(_damaged(directory / key_file, f"holds {error}")) from error
    if key.public_key() != public:
        raise AuthorityError(_damaged(directory / key_file, f"holds a key that is not the one of {certificate_file}"))
    return Issuer(certificate, key)


def _check_issued(path: Path, issued: Issuer, issuer: Issuer) -> None:
    try:
        issued.certificate.verify_directly_issued_by(issuer.certificate)
    except UNREADABLE as error:
        raise AuthorityError(_damaged(path, f"was not issued by {ROOT} beside it")) from error


def _damaged(path: Path, what: str) -> str:
    return f"{path} {what}; restore the directory from a copy, or move it away to start a new authority"
