"""`Secret`: certificates and keys. No message ever shows a value."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import refuse
from tulle.dialects.objects import Differs, Object, ObjectKind, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import Secret

TLS = "kubernetes.io/tls"
PAIR = ("tls.crt", "tls.key")


def _base64(value: object) -> object:
    try:
        return b64decode("".join(value.split()) if isinstance(value, str) else "*", validate=True)
    except (binascii.Error, ValueError):
        refuse("is not base64; write plain text below stringData")


def _plain(value: object) -> object:
    if not isinstance(value, str):
        refuse("must be text; put it in quotes")
    return value.encode()


def _mapping(value: object) -> object:
    if value is not None and not isinstance(value, dict):
        refuse("must be a mapping of names to values")
    return value or {}


Encoded = Annotated[bytes, BeforeValidator(_base64)]
Plain = Annotated[bytes, BeforeValidator(_plain)]


class SecretObject(Object):
    """Values that nobody else should see."""

    data: Annotated[dict[str, Encoded], BeforeValidator(_mapping)] = Field(
        default_factory=dict, description="Values in base64: tls.crt, tls.key, ca.crt."
    )
    string_data: Annotated[dict[str, Plain], BeforeValidator(_mapping)] = Field(
        default_factory=dict, description="Values as plain text; they take the place of those of data."
    )
    type: Annotated[str | None, Differs("Any; kubernetes.io/tls must have tls.crt and tls.key.")] = Field(
        None, description="What kind of values they are."
    )
    immutable: Annotated[bool | None, Differs("Ignored: a document may always be changed.")] = Field(
        None, description="Whether it may be changed."
    )


def read(part: Written) -> Fragment:
    """One secret."""
    found = validated(part, SecretObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    data = {**found.data, **found.string_data}
    missing = [key for key in PAIR if not data.get(key)] if found.type == TLS else []
    if missing:
        part.error((), f"is of type {TLS} and has no {' and no '.join(missing)}")
        return Fragment(findings=tuple(part.findings))
    secret = Secret(name=part.document.key.name, origin=part.origin, data=tuple(sorted(data.items())))
    return Fragment(objects=(secret,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="Secret",
    schema=SecretObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/",
)
