"""References to services: `reviews`, `reviews.shop`, `reviews:9000`, `reviews/v2`, `reviews.shop:9000/v2`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator

from tulle.dialects.fields import LABEL, refuse, shown
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.routes import Backend

_LABEL = LABEL.pattern
_REFERENCE = re.compile(
    rf"(?P<name>{_LABEL})(?:\.(?P<namespace>{_LABEL}))?(?::(?P<port>[0-9]{{1,5}}))?(?:/(?P<version>{_LABEL}))?"
)


def _reference(value: object) -> object:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        refuse(f"must name a service such as reviews, reviews/v2, reviews:9000 or reviews.shop, not {shown(value)}")
    if match["port"] and not 1 <= int(match["port"]) <= 65535:
        refuse(f"has a port that is not from 1 to 65535: {shown(value)}")
    return value


def _caller(value: object) -> object:
    parts = value.split(".") if isinstance(value, str) else []
    if not 1 <= len(parts) <= 2 or not all(LABEL.fullmatch(part) for part in parts):
        refuse(f"must name a service such as web or web.shop, not {shown(value)}")
    return value


Reference = Annotated[str, BeforeValidator(_reference)]
"""A backend: a service, with its namespace, port, version where they are not the usual ones."""
Caller = Annotated[str, BeforeValidator(_caller)]
"""A service, with its namespace where it is another one."""


def backend(text: str, namespace: str, origin: Origin, weight: int = 1) -> Backend:
    """The backend that a (valid) reference means."""
    match = _REFERENCE.fullmatch(text)
    assert match is not None
    return Backend(
        service=Name(match["namespace"] or namespace, match["name"]),
        port=int(match["port"]) if match["port"] else None,
        subset=match["version"],
        weight=weight,
        origin=origin,
    )


def weighted(weights: dict[str, int], namespace: str, origin: Callable[[str], Origin]) -> tuple[Backend, ...]:
    """The backends of a mapping from references to weights; `origin` knows where each was written."""
    return tuple(backend(text, namespace, origin(text), weight) for text, weight in weights.items())


def checked_weights(weights: dict[str, int]) -> dict[str, int]:
    """Refuse weights of which nothing would get a request."""
    if not weights:
        refuse("is empty; name at least one")
    if not any(weights.values()):
        refuse("has only weights of 0; give at least one a weight above 0")
    return weights
