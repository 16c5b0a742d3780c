"""Certificates for the names that they have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.files import file_or_text, is_text
from tulle.dialects.traefik.tls_specs import CertificateSpec, StoreSpec
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routers import KeyPair

DEFAULT = "default"


def read(part: Written) -> Fragment:
    """A certificate of the list."""
    spec = validated(part, CertificateSpec)
    if spec is not None:
        for index, store in enumerate(spec.stores):
            if store != DEFAULT:
                part.error(("stores", index), 'must be "default": there is no other store')
    pair = _pair(part, spec, part.document.key.name, is_default=False) if spec is not None else None
    return Fragment(objects=(pair,) if pair else (), findings=tuple(part.findings))


def read_store(part: Written) -> Fragment:
    """The default certificate of a store."""
    spec = validated(part, StoreSpec)
    name = part.document.key.name
    if spec is None or spec.default_certificate is None or part.has_errors:
        return Fragment(findings=tuple(part.findings))
    if name.name != DEFAULT:
        part.warning((), 'has no effect: there is no store but "default"')
        return Fragment(findings=tuple(part.findings))
    named = Name(name.namespace, "store/default")
    pair = _pair(part, spec.default_certificate, named, "defaultCertificate", is_default=True)
    return Fragment(objects=(pair,) if pair else (), findings=tuple(part.findings))


def _pair(part: Written, spec: CertificateSpec, name: Name, *path: str, is_default: bool) -> KeyPair | None:
    for field, value in (("certFile", spec.cert_file), ("keyFile", spec.key_file)):
        if not value:
            part.error((*path, field), "is missing; name a file, or write PEM")
    if part.has_errors:
        return None
    return KeyPair(
        name=name,
        origin=part.origin,
        certificate=file_or_text(part, spec.cert_file),
        key=file_or_text(part, spec.key_file),
        is_default=is_default,
    )


def _identity(data: Mapping[str, object]) -> str:
    """Of a certificate of the list: its file, or what stands for its text, whatever the case of its keys."""
    said = {key.lower(): value for key, value in data.items()}
    file = said.get("certfile")
    if isinstance(file, str) and file and not is_text(file):
        return file
    return hashlib.sha256(str(file).encode()).hexdigest()[:16]


KINDS = (
    Kind(
        name="traefik/certificate",
        noun="certificate",
        section=("tls", "certificates"),
        shape=Shape.LISTED,
        schema=CertificateSpec,
        read=read,
        identify=_identity,
    ),
    Kind(
        name="traefik/tls-store",
        noun="TLS store",
        section=("tls", "stores"),
        shape=Shape.NAMED,
        schema=StoreSpec,
        read=read_store,
    ),
)
