"""The tables of fields in the documentation are true, and every field in them is written in a golden case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.golden import edge_cases
from tulle.dialects import registry
from tulle.dialects.objects import ObjectDialect, Refused, mark_of
from tulle.dialects.sections import path_of
from tulle.dialects.tables import Chapter, Field, frame, of_objects, of_sections, reference, tables, written
from tulle.dialects.traefik.dialect import DIALECT as TRAEFIK
from tulle.dialects.traefik.spelling import spelt
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

GOLDEN = Path(__file__).parent
REFERENCE = GOLDEN.parents[1] / "docs" / "reference"
FOLDERS = ("core", "ingress", "istio", "istio-policies", "gateway-api", "gateway-api-kinds", "traefik")
PAGES = {
    "core": ("kubernetes", "Kubernetes' own kinds"),
    "ingress": ("ingress", "Ingress"),
    "istio": ("istio", "Istio"),
    "gateway-api": ("gateway-api", "Gateway API"),
    "traefik": ("traefik", "Traefik"),
}
COMPARED = "compared/"
"""Begins the names of cases that run on the real Traefik, too."""
HEAD = """# {title}: every field

What each kind can say here, made from the code.

- *yes*: it means what its project says.
- *differs*: it means something a little different here.
- *refused*: it has no effect; whoever writes it gets a finding that says so.

A field that is in no table is an error at its line. The last column names a test that writes the field.
How to use all of this is told in [{title}](../languages/{page}.md).

<!-- Generated from the schemas: UPDATE_GOLDEN=1 pytest tests/golden/test_reference.py -->

"""


def _documents() -> Iterator[tuple[str, Document]]:
    """Every document of every golden case, and of those that are compared with the real Traefik."""
    for folder in FOLDERS:
        for file in sorted((GOLDEN / folder).glob("*/in.yaml")):
            for piece in pieces(file.read_text()):
                data = parse(piece.text)
                assert isinstance(data, dict)
                origin = Origin("file", "in.yaml", Anchor(piece.line + 1))
                case = str(file.parent.relative_to(GOLDEN))
                yield case, Document(origin, Key("file", Name("", "in")), data, "/folder")
    for topic, each in edge_cases.documents():
        yield f"{COMPARED}{topic}", each


@cache
def used() -> dict[Field, str]:
    """By field, the first case that writes it in a document that can be used.

    Of a field that is refused: in a document that has a finding about it.
    """
    found: dict[Field, str] = {}
    for case, document in _documents():
        for part in registry.split(document)[0]:
            for schema in _schema(part):
                for field in _covered(schema, part):
                    found.setdefault(field, f"[{case}]")
    return found


def _schema(part: Document) -> Iterator[type[BaseModel]]:
    dialect = registry.dialects()[part.key.kind.partition("/")[0]]
    if isinstance(dialect, ObjectDialect):
        yield dialect.kinds[part.key.kind].schema
    elif dialect is TRAEFIK:
        yield TRAEFIK.kinds[part.key.kind].schema


def _covered(schema: type[BaseModel], part: Document) -> Iterator[Field]:
    findings = registry.read(part).findings
    is_usable = not any(finding.is_error for finding in findings)
    for holder, name in written(schema, _value(part)):
        info = holder.model_fields[name]
        if mark_of(info, Refused) is None:
            is_covered = is_usable
        else:
            is_covered = any(f'{info.alias}" ' in finding.message for finding in findings)
        if is_covered:
            yield holder, name


def _value(part: Document) -> object:
    """What the schema is about: the whole object, or what stands in its section."""
    if (kind := TRAEFIK.kinds.get(part.key.kind)) is None:
        return part.data
    value: Any = part.data
    for step in path_of(kind, part):
        value = value[step]
    return spelt(value, kind.schema)


def chapters(name: str) -> tuple[Chapter, ...]:
    """What the page of a language has."""
    if name == TRAEFIK.name:
        return of_sections(TRAEFIK.kinds.values())
    found = registry.dialects()[name]
    assert isinstance(found, ObjectDialect)
    return of_objects(found)


def test_every_dialect_of_objects_has_a_page() -> None:
    found = {name for name, each in registry.dialects().items() if isinstance(each, ObjectDialect)}
    assert set(PAGES) == {*found, TRAEFIK.name}


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    """`UPDATE_GOLDEN=1` writes them."""
    page, title = PAGES[name]
    every = "" if name == TRAEFIK.name else "\n".join(frame()) + "\n"
    body = every + reference(chapters(name), used())
    links = [f"{case}: {_link(case[1:-1])}" for case in sorted(set(used().values())) if case in body]
    text = HEAD.format(title=title, page=page) + body + "\n".join(["", *links, ""])
    file = REFERENCE / f"{page}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


def _link(case: str) -> str:
    if case.startswith(COMPARED):
        return f"../../tests/e2e/traefik/cases/{case.removeprefix(COMPARED)}.yaml"
    return f"../../tests/golden/{case}/in.yaml"


@pytest.mark.parametrize("name", PAGES)
def test_every_field_is_described_and_written_in_a_case(name: str) -> None:
    found = [(chapter.title, row) for chapter, rows in tables(chapters(name)) for row in rows]
    assert [f"{title} {row.name}" for title, row in found if not row.description] == []
    missing = [f"{title} {row.name}" for title, row in found if row.field not in used()]
    assert missing == [], f"{len(missing)} fields are in no golden case"
