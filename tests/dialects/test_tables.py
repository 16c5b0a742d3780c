from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from tulle.dialects.objects import Differs, Items, Object, ObjectDialect, ObjectKind, ObjectSpec, Refused
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.tables import Chapter, frame, of_objects, of_sections, reference, tables, written
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment


class LeafSpec(ObjectSpec):
    a_value: int | None = Field(None, description="A number | or `a*`, * or <none>.")
    again: LeafSpec | None = Field(None, description="The same once more.")


class ThingSpec(ObjectSpec):
    items: Items[LeafSpec] = Field((), description="Several.")
    by_name: dict[str, LeafSpec] = Field(default_factory=dict, description="By name.")
    texts: dict[str, str] = Field(default_factory=dict, description="Texts.")
    old: Annotated[LeafSpec | None, Refused("has no effect")] = Field(None, description="Old.")
    near: Annotated[int, Differs("counts from 1")] = Field(0, description="Near.")


class Thing(Object):
    """A thing."""

    spec: ThingSpec = Field(description="What it is.")


class Other(Object):
    """Another thing."""

    leaf: LeafSpec = Field(description="A leaf.")


def read(part: Written) -> Fragment:
    return Fragment()


KIND = ObjectKind(group="x.test", versions=("v2", "v1"), kind="Thing", schema=Thing, read=read)
KINDS = (
    KIND,
    ObjectKind(group="", versions=("v1",), kind="Same", schema=Thing, read=read, is_global=True),
    ObjectKind(group="x", versions=("v1",), kind="Other", schema=Other, read=read, documentation="https://x.test"),
)


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch) -> ObjectDialect:
    monkeypatch.setattr("tulle.dialects.objects._found", lambda _: KINDS)
    return ObjectDialect(name="things", package="things")


def test_every_field_has_a_row_and_what_is_the_same_is_shown_once(dialect: ObjectDialect) -> None:
    found = {
        chapter.title: [(row.name, row.support, row.like) for row in rows]
        for chapter, rows in tables(of_objects(dialect))
    }
    assert found == {
        "Thing": [
            ("spec", "yes", None),
            ("spec.items[]", "yes", None),
            ("spec.items[].aValue", "yes", None),
            ("spec.items[].again", "yes", ("Thing", "spec.items[]")),
            ("spec.byName.{}", "yes", ("Thing", "spec.items[]")),
            ("spec.texts", "yes", None),
            ("spec.old", "refused", None),
            ("spec.near", "differs", None),
        ],
        "Same": [],
        "Other": [("leaf", "yes", ("Thing", "spec.items[]"))],
    }


def test_fields_that_a_document_writes() -> None:
    data = {"spec": {"items": [{"aValue": 1}], "byName": {"x": {"again": {}}, "y": 1}, "near": 1, "texts": None}}
    assert set(written(Thing, data)) == {
        (Thing, "spec"),
        (ThingSpec, "items"),
        (ThingSpec, "by_name"),
        (ThingSpec, "near"),
        (LeafSpec, "a_value"),
        (LeafSpec, "again"),
    }


def test_the_page_of_a_dialect_has_a_table_for_each_kind(dialect: ObjectDialect) -> None:
    page = reference(of_objects(dialect), {(LeafSpec, "a_value"): "some-case"}).splitlines()
    assert "`x.test/v2` (also `x.test/v1`). A thing." in page
    assert "| `spec.items[].aValue` | yes | A number \\| or `a*`, \\* or &lt;none>. | some-case |" in page
    assert "| `spec.byName.{}` | yes | By name. Its fields are those of `spec.items[]`. |  |" in page
    assert "| `spec.old` | refused | Old. **Refused:** Has no effect. |  |" in page
    assert "| `spec.near` | differs | Near. **Differs:** Counts from 1. |  |" in page
    assert "Its fields are those of [Thing](#thing)." in page
    assert "`v1`. A thing. It belongs to no namespace." in page
    assert "`x/v1`. Another thing. [Its specification](https://x.test)." in page
    assert "| `leaf` | yes | A leaf. Its fields are those of `spec.items[]` of [Thing](#thing). |  |" in page


def test_what_every_object_has_is_told_once() -> None:
    lines = list(frame())
    assert lines[:4] == ["Every object has:", "", "| field | meaning |", "|---|---|"]
    assert any(line.startswith("| `metadata.name` | ") for line in lines)


def kind(name: str, section: tuple[str, ...], shape: Shape, schema: type[ThingSpec | LeafSpec]) -> Kind:
    return Kind(name=name, noun=name, section=section, shape=shape, schema=schema, read=read)


def test_kinds_of_sections_have_their_place_in_the_document_as_title() -> None:
    kinds = (
        kind("tls", ("tls",), Shape.LISTED, LeafSpec),
        kind("router", ("http", "routers"), Shape.NAMED, ThingSpec),
        kind("other", ("tcp", "routers"), Shape.NAMED, ThingSpec),
    )
    chapters = of_sections(kinds)
    assert [each.title for each in chapters] == ["http.routers.{}", "tcp.routers.{}", "tls"]
    assert chapters[2].head.endswith("A list of such things.")
    page = reference(chapters, {}).splitlines()
    assert [line for line in page if line.startswith("##")] == [
        "## `http.routers.{}`",
        "## `tcp.routers.{}`",
        "## `tls`",
    ]
    assert "Its fields are those of [`http.routers.{}`](#httprouters)." in page


def test_a_kind_without_fields_has_no_table() -> None:
    class Nothing(ObjectSpec):
        """Nothing."""

    assert reference([Chapter("nothing", "Nothing.", Nothing)], {}) == "## `nothing`\n\nNothing.\n"
