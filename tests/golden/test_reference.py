"""The tables of fields in the documentation are true, and every field in them is written in a golden case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tulle.dialects import registry
from tulle.dialects.objects import ObjectDialect, Refused, mark_of
from tulle.dialects.sections import path_of
from tulle.dialects.tables import Field, Schema, Topic, frame, objects, reference, sections, tables, written
from tulle.dialects.traefik.dialect import TraefikDialect
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

GOLDEN = Path(__file__).parent
REFERENCE = GOLDEN.parents[1] / "docs" / "reference"
FOLDERS = ("core", "ingress", "istio", "istio-policies", "gateway-api", "gateway-api-kinds", "traefik")
PAGES = {
    "core": ("kubernetes", "Kubernetes' own kinds", "kubernetes"),
    "ingress": ("ingress", "Ingress", "ingress"),
    "istio": ("istio", "Istio", "istio"),
    "gateway-api": ("gateway-api", "Gateway API", "gateway-api"),
    "traefik": ("traefik", "Traefik", "traefik"),
}
HEAD = """# {title}: every field

What each kind can say here, made from the code.

- *yes*: it means what its project says.
- *differs*: it means something a little different here.
- *refused*: it has no effect; whoever writes it gets a finding that says so.

A field that is in no table is an error at its line. The last column names a test that writes the field.
How to use all of this is told in [{title}](../languages/{guide}.md).

<!-- Generated from the schemas: UPDATE_GOLDEN=1 pytest tests/golden/test_reference.py -->

"""


def _documents() -> Iterator[tuple[Path, Document]]:
    """Every document of every golden case."""
    for folder in FOLDERS:
        for file in sorted((GOLDEN / folder).glob("*/in.yaml")):
            for piece in pieces(file.read_text()):
                data = parse(piece.text)
                assert isinstance(data, dict)
                origin = Origin("file", "in.yaml", Anchor(piece.line + 1))
                yield file, Document(origin, Key("file", Name("", "in")), data, "/folder")


@cache
def used() -> dict[Field, str]:
    """By field, the first case that writes it in a document that can be used.

    Of a field that is refused: in a document that has a finding about it.
    """
    found: dict[Field, str] = {}
    for file, document in _documents():
        case = file.parent.relative_to(GOLDEN)
        for part in registry.split(document)[0]:
            dialect = registry.dialects()[part.key.kind.partition("/")[0]]
            value: Any = part.data
            if isinstance(dialect, TraefikDialect):
                for step in path_of(dialect.kinds[part.key.kind], part):
                    value = value[step]
            if isinstance(dialect, ObjectDialect | TraefikDialect):
                for field in _covered(dialect.kinds[part.key.kind].schema, part, value):
                    found.setdefault(field, f"[{case}]")
    return found


def _covered(of: Schema, part: Document, value: object) -> Iterator[Field]:
    findings = registry.read(part).findings
    is_usable = not any(finding.is_error for finding in findings)
    for schema, name in written(of, value):
        info = schema.model_fields[name]
        if mark_of(info, Refused) is None:
            is_covered = is_usable
        else:
            is_covered = any(f'{info.alias}" ' in finding.message for finding in findings)
        if is_covered:
            yield schema, name


def topics_of(name: str) -> tuple[Topic, ...]:
    found = registry.dialects()[name]
    if isinstance(found, TraefikDialect):
        return sections(found.kinds.values())
    assert isinstance(found, ObjectDialect)
    return objects(found)


def test_every_dialect_of_others_has_a_page() -> None:
    assert set(PAGES) == set(registry.dialects()) - {"native"}


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    """`UPDATE_GOLDEN=1` writes them."""
    page, title, guide = PAGES[name]
    is_of_objects = isinstance(registry.dialects()[name], ObjectDialect)
    body = reference(topics_of(name), used(), frame() if is_of_objects else ())
    links = [
        f"{case}: ../../tests/golden/{case[1:-1]}/in.yaml" for case in sorted(set(used().values())) if case in body
    ]
    text = HEAD.format(title=title, guide=guide) + body + "\n".join(["", *links, ""])
    file = REFERENCE / f"{page}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("name", PAGES)
def test_every_field_is_described_and_written_in_a_case(name: str) -> None:
    found = [(topic.title, row) for topic, rows in tables(topics_of(name)) for row in rows]
    assert [f"{kind} {row.name}" for kind, row in found if not row.description] == []
    missing = [f"{kind} {row.name}" for kind, row in found if row.field not in used()]
    assert missing == [], f"{len(missing)} fields are in no golden case"
