"""The tables of fields in the documentation are true, and every field in them is written in a golden case."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tulle.dialects import registry
from tulle.dialects.objects import ObjectDialect, ObjectKind
from tulle.dialects.tables import Field, reference, tables, written
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

GOLDEN = Path(__file__).parent
REFERENCE = GOLDEN.parents[1] / "docs" / "reference"
FOLDERS = ("core", "ingress", "istio", "istio-policies", "gateway-api", "gateway-api-kinds")
PAGES = {
    "core": ("kubernetes", "Kubernetes' own kinds"),
    "ingress": ("ingress", "Ingress"),
    "istio": ("istio", "Istio"),
    "gateway-api": ("gateway-api", "Gateway API"),
}
HEAD = """# {title}: every field

What each kind can say here, made from the code. *yes*: as documented by its project. *differs*: it means something a little different
here. *refused*: it has no effect, and whoever writes it gets a finding that says so. A field that is in no table is an error at its line.
The last column names a test that writes the field. See [{title}](../languages/{page}.md) for how to use it.

"""


def _kind(dialect: ObjectDialect, name: str) -> ObjectKind:
    return dialect.kinds[name]


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
    """By field, a link to the first case that writes it in a document without mistakes."""
    found: dict[Field, str] = {}
    for file, document in _documents():
        parts, _ = registry.split(document)
        for part in parts:
            dialect = registry.dialects()[part.key.kind.partition("/")[0]]
            if not isinstance(dialect, ObjectDialect):
                continue
            if any(finding.is_error for finding in registry.read(part).findings):
                continue
            case = file.parent.relative_to(GOLDEN)
            for field in written(_kind(dialect, part.key.kind), part.data):
                found.setdefault(field, f"[{case.name}](../../tests/golden/{case}/in.yaml)")
    return found


def dialect_of(name: str) -> ObjectDialect:
    found = registry.dialects()[name]
    assert isinstance(found, ObjectDialect)
    return found


def test_every_dialect_of_objects_has_a_page() -> None:
    assert set(PAGES) == {name for name, each in registry.dialects().items() if isinstance(each, ObjectDialect)}


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_those_of_the_code(name: str) -> None:
    """`UPDATE_GOLDEN=1` writes them."""
    page, title = PAGES[name]
    text = HEAD.format(title=title, page=page) + reference(dialect_of(name), used()).rstrip() + "\n"
    file = REFERENCE / f"{page}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("name", PAGES)
def test_every_field_is_described_and_written_in_a_case(name: str) -> None:
    found = [(kind.kind, row) for kind, rows in tables(dialect_of(name)) for row in rows]
    assert [f"{kind} {row.name}" for kind, row in found if not row.description] == []
    missing = [f"{kind} {row.name}" for kind, row in found if row.field not in used()]
    assert missing == [], f"{len(missing)} fields are in no golden case"
