"""What may be told about a secret of a proxy: names and dates of its certificates. Keys stay where they are."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from tulle.identity.keys import UNREADABLE


def facts(body: bytes) -> dict[str, Any]:
    """The facts about a serialized Secret, in the shape of Envoy's own JSON as far as that is public."""
    secret = Secret.FromString(body)
    shown: dict[str, Any] = {"name": secret.name}
    if secret.HasField("tls_certificate"):
        shown["tls_certificate"] = {
            "certificates": _certificates(secret.tls_certificate.certificate_chain.inline_bytes)
        }
    elif secret.HasField("validation_context"):
        context = secret.validation_context
        shown["validation_context"] = {
            "certificates": _certificates(context.trusted_ca.inline_bytes),
            "has_revocation_list": context.HasField("crl"),
        }
    return shown


def _certificates(pem: bytes) -> list[dict[str, Any]]:
    try:
        return [_certificate(each) for each in x509.load_pem_x509_certificates(pem)]
    except UNREADABLE:
        return []


def _certificate(certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "subject_alt_names": _alt_names(certificate),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "serial_number": f"{certificate.serial_number:x}",
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
    }


def _alt_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]
