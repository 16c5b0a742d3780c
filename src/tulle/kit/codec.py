"""Frozen dataclasses as JSON and back: what processes of one mesh say to each other. Not for what users write."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Value = TypeVar("Value")


class Undecodable(ValueError):
    """What arrived is not what was agreed on."""


_adapter: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)
"""Schemas are built once per type, on first use."""


def encode(value: object) -> bytes:
    """JSON of a dataclass; equal values give equal bytes."""
    encoded: bytes = _adapter(type(value)).dump_json(value)
    return encoded


def decode(kind: type[Value], data: bytes) -> Value:
    """The dataclass that was encoded. Fields that this version does not know are skipped, missing ones get defaults.

    Raises:
        Undecodable: it is no JSON, or a field is missing or has the wrong type.
    """
    try:
        value: Value = _adapter(kind).validate_json(data, strict=True)
    except ValidationError as error:
        raise Undecodable(_sentence(kind, error)) from error
    return value


def to_plain(value: object) -> dict[str, Any]:
    """The same as `encode`, as plain JSON values (for a protobuf Struct, for a bigger document)."""
    plain: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json")
    return plain


def from_plain(kind: type[Value], plain: object) -> Value:
    """The dataclass from plain JSON values; whole numbers may arrive as floats, as in a protobuf Struct.

    Raises:
        Undecodable: a field is missing or has the wrong type.
    """
    try:
        value: Value = _adapter(kind).validate_python(plain)
    except ValidationError as error:
        raise Undecodable(_sentence(kind, error)) from error
    return value


def _sentence(kind: type[Any], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"not a valid {kind.__name__}: {place + ': ' if place else ''}{first['msg']}"
