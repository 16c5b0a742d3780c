"""Keys of accounts and certificates, requests made with them, and what certificates say. Pure: no files, no network."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tulle.model.resolvers import KeyType

if TYPE_CHECKING:
    from josepy.jwa import JWASignature
    from josepy.jwk import JWK

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
"""The extension of certificates that answer `tls-alpn-01` (RFC 8737 §6.1)."""
PROOF_LIFETIME = timedelta(days=7)
LONGEST_COMMON_NAME = 64
_BITS = {KeyType.RSA2048: 2048, KeyType.RSA4096: 4096, KeyType.RSA8192: 8192}


class Unusable(ValueError):
    """A key or certificate is not what it should be."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says."""

    names: tuple[str, ...]
    begin: datetime
    end: datetime

    @property
    def lifetime(self) -> timedelta:
        """From its first moment to its last."""
        return self.end - self.begin


def new_account_key() -> str:
    """A key for an account: PEM. Every authority must know ECDSA P-256 (RFC 8555 §6.2)."""
    return pem(ec.generate_private_key(ec.SECP256R1()))


def new_key(kind: KeyType) -> str:
    """A key for a certificate: PEM. Large RSA keys take seconds."""
    if kind in _BITS:
        return pem(rsa.generate_private_key(public_exponent=65537, key_size=_BITS[kind]))
    return pem(ec.generate_private_key(ec.SECP384R1() if kind is KeyType.EC384 else ec.SECP256R1()))


def pem(key: PrivateKey) -> str:
    """A key as unencrypted PKCS #8."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def private_key(text: str | bytes) -> PrivateKey:
    """A key from PEM, or from DER as Traefik keeps it.

    Raises:
        Unusable: it is none that we use.
    """
    data = text.encode() if isinstance(text, str) else text
    for load in (serialization.load_pem_private_key, serialization.load_der_private_key):
        try:
            key = load(data, password=None)
        except (ValueError, TypeError):
            continue
        if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            return key
    raise Unusable("it is no unencrypted private key (RSA or ECDSA)")


def account_key(text: str) -> tuple[JWK, JWASignature]:
    """The key of an account as the protocol wants it, and how it signs."""
    from josepy.jwa import ES256, ES384, ES512, RS256
    from josepy.jwk import JWK

    key = private_key(text)
    loaded = JWK.load(text.encode())
    if isinstance(key, rsa.RSAPrivateKey):
        return loaded, RS256
    return loaded, {256: ES256, 384: ES384}.get(key.curve.key_size, ES512)


def signing_request(
    key: str, domains: tuple[str, ...], *, emails: tuple[str, ...] = (), has_subject: bool = True
) -> str:
    """A request for a certificate for some names, in PEM; the first is the subject too, if that can be."""
    names: list[x509.GeneralName] = [_general_name(domain) for domain in domains]
    names += [x509.RFC822Name(email) for email in emails]
    is_subject = has_subject and len(domains[0]) <= LONGEST_COMMON_NAME and isinstance(names[0], x509.DNSName)
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, domains[0])] if is_subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not is_subject)
    return builder.sign(private_key(key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def proof(domain: str, authorization: str) -> tuple[str, str]:
    """The certificate and key (PEM) that answer `tls-alpn-01` for a domain (RFC 8737 §3)."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ACME challenge")])
    # An octet string within the octet string of the extension.
    digest = b"\x04\x20" + sha256(authorization.encode()).digest()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + PROOF_LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(domain)]), critical=False)
        .add_extension(x509.UnrecognizedExtension(ACME_IDENTIFIER, digest), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem(key)


def facts(chain: str | bytes, key: str | bytes | None = None) -> Facts:
    """What the first certificate of a chain (PEM) says.

    Raises:
        Unusable: it is none, or does not belong to `key`.
    """
    data = chain.encode() if isinstance(chain, str) else chain
    try:
        leaf = x509.load_pem_x509_certificates(data)[0]
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise Unusable("it is no chain of certificates with names, in PEM form") from error
    if key is not None and private_key(key).public_key() != leaf.public_key():
        raise Unusable("the key does not belong to the certificate")
    addresses = (str(each) for each in found.get_values_for_type(x509.IPAddress))
    names = (*found.get_values_for_type(x509.DNSName), *addresses)
    return Facts(names, leaf.not_valid_before_utc, leaf.not_valid_after_utc)


def has_root(chain: str, common_name: str) -> bool:
    """Whether the last certificate of a chain was signed by somebody of that name."""
    last = x509.load_pem_x509_certificates(chain.encode())[-1]
    return any(each.value == common_name for each in last.issuer.get_attributes_for_oid(NameOID.COMMON_NAME))


def _general_name(domain: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(domain))
    except ValueError:
        return x509.DNSName(domain)
