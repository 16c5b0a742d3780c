from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from tulle.agent import secrets
from tulle.xds.snapshot import SECRET


def test_a_certificate_travels_with_its_key() -> None:
    resource = secrets.certificate("workload", b"chain", b"key")
    secret = Secret.FromString(resource.body)
    assert (resource.type_url, resource.name, secret.name) == (SECRET, "workload", "workload")
    assert secret.tls_certificate.certificate_chain.inline_bytes == b"chain"
    assert secret.tls_certificate.private_key.inline_bytes == b"key"


def test_authorities_are_what_peers_are_verified_by() -> None:
    secret = Secret.FromString(secrets.authorities("trust", b"roots").body)
    assert secret.validation_context.trusted_ca.inline_bytes == b"roots"


def test_what_authorities_revoked_travels_with_them() -> None:
    context = Secret.FromString(secrets.authorities("ca", b"bundle", b"list").body).validation_context
    assert (context.trusted_ca.inline_bytes, context.crl.inline_bytes) == (b"bundle", b"list")
