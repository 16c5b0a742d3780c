"""References between routers, middlewares and services: a name, or a name with its provider behind an `@`."""

from __future__ import annotations

from collections.abc import Iterable

from tulle.dialects.written import Written
from tulle.model.names import Name
from tulle.model.routers import PROVIDER, STATIC, Reference


def reference(part: Written, text: str, *path: str | int, within: str = "") -> Reference:
    """What a text names: of the same provider, if it names none; `within` is `tcp/` or `udp/`."""
    name, at, provider = text.partition(PROVIDER)
    namespace = f"{PROVIDER}{provider}" if at else part.document.key.name.namespace
    return Reference(Name(namespace, within + name), part.at(*path))


def references(part: Written, texts: Iterable[str], field: str, within: str = "") -> tuple[Reference, ...]:
    """What the texts of a list name."""
    return tuple(reference(part, text, field, index, within=within) for index, text in enumerate(texts))


def entry_points(part: Written, names: Iterable[str]) -> tuple[Reference, ...]:
    """Entry points, of which there is one set for all providers."""
    return tuple(
        Reference(Name(STATIC, name), part.at("entryPoints", index)) for index, name in enumerate(dict.fromkeys(names))
    )
