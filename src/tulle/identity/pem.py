"""What is wrong with certificates, keys and authorities that somebody wrote, in a sentence. Pure."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tulle.identity.keys import UNREADABLE

SMALLEST_RSA = 2048
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def pair_problem(chain: bytes, key: bytes) -> str:
    """Why a proxy could not serve this certificate chain with this key; empty if it can."""
    if not chain or not key:
        return "there is no certificate in it" if not chain else "there is no private key in it"
    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
        public = leaf.public_key()
    except UNREADABLE:
        return "the certificate is not PEM that can be read"
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except UNREADABLE:
        return "the private key is not unencrypted PEM that can be read"
    if private.public_key() != public:
        return "the private key does not belong to the certificate"
    return _kind_problem(public)


def authority_problem(bundle: bytes) -> str:
    """Why nobody could be verified with this bundle of certificates; empty if somebody can."""
    if not bundle:
        return "there is no certificate of an authority in it"
    try:
        x509.load_pem_x509_certificates(bundle)
    except UNREADABLE:
        return "the certificates of the authority are not PEM that can be read"
    return ""


def revocation_problem(lists: bytes) -> str:
    """Why these certificates of revocation (CRL) cannot be used; empty if they can."""
    try:
        x509.load_pem_x509_crl(lists)
    except UNREADABLE:
        return "the list of revoked certificates is not PEM that can be read"
    return ""


def _kind_problem(public: object) -> str:
    if isinstance(public, rsa.RSAPublicKey):
        if public.key_size >= SMALLEST_RSA:
            return ""
        return f"the RSA key has {public.key_size} bits; {SMALLEST_RSA} are the least"
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, CURVES):
        return ""
    return "only RSA and ECDSA (P-256, P-384, P-521) keys can be used"
