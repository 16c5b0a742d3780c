"""Documents of Traefik as they are read, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tulle.dialects.traefik.dialect import DIALECT
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

FOLDER = "/etc/traefik"


def document(text: str, source: str = "file") -> Document:
    """A whole document."""
    data = parse(text)
    assert isinstance(data, LocatedMap)
    return Document(Origin(source, "a.yml", Anchor(1)), Key("file", Name("", "a.yml")), data, folder=FOLDER)


def read(text: str, source: str = "file") -> tuple[list[Any], list[str]]:
    """The objects of all parts in the order of their kinds, and findings with their lines."""
    parts, around = DIALECT.split(document(text, source), {})
    fragments = [DIALECT.read(part) for part in parts]
    findings = [*around, *(finding for fragment in fragments for finding in fragment.findings)]
    told = [f"{each.origin.line}{'' if each.is_error else ' warning'}: {each.message}" for each in findings]
    return [each for fragment in fragments for each in fragment.objects], told


def only(text: str, *expected: str) -> Any:
    """The only object of a document without mistakes, but for the expected findings."""
    (found,), findings = read(text)
    assert findings == list(expected)
    return found


def wrong(text: str) -> list[str]:
    """What is wrong with a document of which nothing is used."""
    objects, findings = read(text)
    assert objects == []
    return findings


def middleware(text: str) -> Any:
    """The steps of a middleware as it is written in one line."""
    return only(f"http: {{middlewares: {{m: {{{text}}}}}}}").steps


def broken(text: str) -> str:
    """The only mistake of a middleware."""
    (message,) = wrong(f"http: {{middlewares: {{m: {{{text}}}}}}}")
    return message.removeprefix("1: middleware m").removeprefix(":").strip()


def named(objects: list[Any]) -> Mapping[str, Any]:
    """Objects by their names."""
    return {each.name.name: each for each in objects}
