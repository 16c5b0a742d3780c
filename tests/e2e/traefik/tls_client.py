"""TLS as clients speak it, with whatever a case wants to try."""

from __future__ import annotations

import ssl
from typing import Any

from cryptography import x509


def context(tls: dict[str, Any]) -> ssl.SSLContext:
    """By `cert`, `min` and `max` (versions), `alpn` and `ciphers`; no certificate of a server is refused."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_ciphers(tls.get("ciphers", "DEFAULT@SECLEVEL=0"))
    if "max" in tls:
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion[tls["max"]]
    if "min" in tls:
        made.minimum_version = ssl.TLSVersion[tls["min"]]
    if "alpn" in tls:
        made.set_alpn_protocols(tls["alpn"])
    if "cert" in tls:
        made.load_cert_chain(tls["cert"], key_of(tls["cert"]))
    return made


def key_of(certificate: str) -> str:
    """The file of its key."""
    return certificate.removesuffix(".crt") + ".key"


def certificate_of(talk: Any) -> str:
    """The first name of the certificate of the other side; nothing without TLS."""
    if not isinstance(talk, ssl.SSLSocket):
        return ""
    read = x509.load_der_x509_certificate(talk.getpeercert(True) or b"")
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return next(iter(names.get_values_for_type(x509.DNSName)), "")
    except x509.ExtensionNotFound:
        return read.subject.rfc4514_string()
