"""Whether secrets and config maps hold what TLS needs: certificates that can be read, keys that fit them."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tulle.kit.memo import remember
from tulle.model.objects import ConfigMap, Secret

AUTHORITY_KEYS = ("ca.crt", "cacert")


@remember(size=1)
def pair_problem(secret: Secret) -> str:
    """Why a secret is no certificate with its key, as the rest of a sentence; empty if it is one."""
    chain, key = secret.get("tls.crt", "cert"), secret.get("tls.key", "key")
    for entry, value in (("tls.crt", chain), ("tls.key", key)):
        if not value:
            return f"has no {entry}"
    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        return "has a tls.crt that is no certificate (PEM)"
    try:
        public = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "has a tls.key that is no private key (PEM, without a password)"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public.public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return "has a tls.key that does not belong to the certificate in tls.crt"
    return ""


@remember(size=1)
def secret_authority_problem(secret: Secret) -> str:
    """Why a secret holds no authorities; empty if it does."""
    return _authorities(secret.get(*AUTHORITY_KEYS))


@remember(size=1)
def map_authority_problem(config_map: ConfigMap) -> str:
    """Why a config map holds no authorities; empty if it does."""
    return _authorities(dict(config_map.data).get("ca.crt", "").encode())


def _authorities(data: bytes) -> str:
    if not data:
        return "has no ca.crt"
    try:
        x509.load_pem_x509_certificates(data)
    except ValueError:
        return "has a ca.crt that is no certificate (PEM)"
    return ""
