"""Which language the rules of routers are in, where they do not say it themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tulle.dialects.traefik.dialect import DIALECT
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document

FIELD = "ruleSyntax"
PROTOCOLS = frozenset(("http", "tcp"))


def with_syntax(document: Document, version: str) -> Document:
    """A document whose routers all say it; the same one if there is none that does not."""
    data = document.data
    sections = dict(_sections(data, version)) if DIALECT.claims(data) else {}
    if not sections:
        return document
    return Document(document.origin, document.key, _with(data, sections), document.folder, document.revision)


def _sections(data: Mapping[str, Any], version: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Those that have routers, as they are to be."""
    for name, section in _maps(data).items():
        routers = {key: _routers(each, version) for key, each in _maps(section).items() if _is(key, "routers")}
        if routers and name.lower() in PROTOCOLS:
            yield name, _with(section, routers)


def _routers(routers: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    return _with(routers, {name: _router(each, version) for name, each in _maps(routers).items()})


def _router(router: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    return router if any(_is(key, FIELD) for key in router) else _with(router, {FIELD: version})


def _maps(mapping: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {key: value for key, value in mapping.items() if isinstance(value, Mapping)}


def _is(key: str, name: str) -> bool:
    return key.lower() == name.lower()


def _with(mapping: Mapping[str, Any], changes: Mapping[str, Any]) -> LocatedMap:
    """A copy with other values for some keys; keys that are not there yet stand where it begins."""
    line = mapping.line if isinstance(mapping, LocatedMap) else 0
    lines = mapping.lines if isinstance(mapping, LocatedMap) else {}
    found = LocatedMap(line)
    for key, value in {**mapping, **changes}.items():
        found.put(key, value, lines.get(key, line))
    found.repeated = getattr(mapping, "repeated", ())
    return found
