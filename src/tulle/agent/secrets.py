"""Keys and certificates as the secrets that Envoys ask for (SDS). Pure; whose they are is decided elsewhere."""

from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from tulle.xds.snapshot import Resource, encode

CERTIFICATE = "certificate"
"""First part of `certificate|<certificate file>|<key file>`: what a proxy shows others."""
CLIENT_AUTHORITY = "client-ca"
"""First part of `client-ca|<file>`: the roots that clients of the gateway, and servers outside the mesh, are verified
by. With a third part: and a list of the certificates that they revoked."""

CLIENT_AUTHORITIES = "client-cas"
"""First part of `client-cas|<file>|<file>…`: the roots in several files together."""
SYSTEM_AUTHORITIES = "system-ca"
"""The authorities that this host trusts."""


def certificate(name: str, chain: bytes, key: bytes) -> Resource:
    """A certificate chain and its key, both PEM."""
    secret = Secret(name=name)
    secret.tls_certificate.certificate_chain.inline_bytes = chain
    secret.tls_certificate.private_key.inline_bytes = key
    return encode(name, secret)


def authorities(name: str, bundle: bytes, revoked: bytes = b"") -> Resource:
    """Certificates of authorities, PEM, one after the other, and the lists of those that they revoked."""
    secret = Secret(name=name)
    secret.validation_context.trusted_ca.inline_bytes = bundle
    if revoked:
        secret.validation_context.crl.inline_bytes = revoked
    return encode(name, secret)
