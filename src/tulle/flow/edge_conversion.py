"""Routers and all that they are made of on their way into a native file: where each was, whether all is said. Pure."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tulle.dialects import registry
from tulle.dialects.native.edge import SECTION
from tulle.dialects.native.writing.content import Key
from tulle.dialects.native.writing.edge import is_edge
from tulle.flow.comparing import Loss, comparable
from tulle.kit.frozen import differing, rebuilt
from tulle.model.documents import Document
from tulle.model.names import Name
from tulle.model.providers import Provider
from tulle.model.routers import KeyPair

Parts = tuple[Document, ...]
NAMELESS = Name("", "")
CERTIFICATE = "traefik/certificate"


@dataclass(frozen=True, slots=True)
class Apart:
    """Documents, cut into parts."""

    edge: Parts
    """Routers and all that they are made of: of each name the first, which counts."""
    others: Parts
    native: frozenset[Key]
    """Those of the edge that are in native files already."""

    def notes(self) -> dict[Key, tuple[str, ...]]:
        """Lines of comment for each part: where it was written, and why it is not used."""
        return {_key(part): tuple(_lines(part, is_foreign=_key(part) not in self.native)) for part in self.edge}


def apart(documents: Iterable[Document]) -> Apart:
    """The parts of the edge, and all others."""
    edge: dict[Key, Document] = {}
    others, native = [], set()
    for each in documents:
        for part in registry.split(each)[0]:
            if not is_edge(part):
                others.append(part)
            elif edge.setdefault(_key(part), part) is part and SECTION in each.data:
                native.add(_key(part))
    return Apart(tuple(edge.values()), tuple(others), frozenset(native))


def _lines(part: Document, *, is_foreign: bool) -> Iterator[str]:
    origin = part.origin
    if is_foreign:
        yield f"{origin.subject} ({str(origin).removeprefix('./')})"
    for finding in registry.read(part).findings:
        if finding.is_error:
            yield f"Not used: {finding.message}"


def lost(before: Iterable[Document], after: Iterable[Document]) -> Iterator[Loss]:
    """What the written parts do not say as those did that they were made of."""
    said: dict[Key, list[object]] = {}
    for part in after:
        said.setdefault(_place(part), []).extend(meanings(part))
    for part in before:
        others = said.get(_place(part), [])
        if any(all(differing(each, other) for other in others) for each in meanings(part)):
            yield Loss(_key(part), part.origin, "is not said as it was")


def meanings(part: Document) -> list[object]:
    """What a part means, wherever it is. Sources know their folder, and are read for themselves."""
    objects = (each for each in registry.read(part).objects if not isinstance(each, Provider))
    bare = (replace(each, name=NAMELESS) if isinstance(each, KeyPair) else each for each in objects)
    return [rebuilt(comparable(each), _straight) for each in bare]


def _straight(value: Any) -> Any:
    """A path without ways up and down."""
    return os.path.normpath(value) if isinstance(value, str) and value.startswith("/") and "/../" in value else value


def _place(part: Document) -> Key:
    """By what it is found again; certificates have names that are made of their paths."""
    return (part.key.kind, NAMELESS) if part.key.kind == CERTIFICATE else _key(part)


def _key(part: Document) -> Key:
    return part.key.kind, part.key.name
