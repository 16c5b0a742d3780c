from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from tulle.dialects.objects import Differs, Items, Object, ObjectDialect, ObjectKind, ObjectSpec, Refused
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.tables import frame, objects, reference, sections, tables, written
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment


class LeafSpec(ObjectSpec):
    a_value: int | None = Field(None, description="A number | or `a*`, * or <none>.")
    again: LeafSpec | None = Field(None, description="The same once more.")


class ThingSpec(ObjectSpec):
    items: Items[LeafSpec] = Field((), description="Several.")
    by_name: dict[str, LeafSpec] = Field(default_factory=dict, description="By name.")
    plain: tuple[Annotated[int, Field(ge=0)], ...] = Field((), description="Numbers.")
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
    topics = objects(dialect)
    found = {topic.title: [(row.name, row.support, row.like) for row in rows] for topic, rows in tables(topics)}
    assert found == {
        "Thing": [
            ("spec", "yes", None),
            ("spec.items[]", "yes", None),
            ("spec.items[].aValue", "yes", None),
            ("spec.items[].again", "yes", ("Thing", "spec.items[]")),
            ("spec.byName.{}", "yes", ("Thing", "spec.items[]")),
            ("spec.plain[]", "yes", None),
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
    page = reference(objects(dialect), {(LeafSpec, "a_value"): "some-case"}, frame()).splitlines()
    assert page[:4] == ["Every object has:", "", "| field | meaning |", "|---|---|"]
    assert "`x.test/v2` (also `x.test/v1`). A thing." in page
    assert "| `spec.items[].aValue` | yes | A number \\| or `a*`, \\* or &lt;none>. | some-case |" in page
    assert "| `spec.byName.{}` | yes | By name. Its fields are those of `spec.items[]`. |  |" in page
    assert "| `spec.old` | refused | Old. **Refused:** Has no effect. |  |" in page
    assert "| `spec.near` | differs | Near. **Differs:** Counts from 1. |  |" in page
    assert "Its fields are those of [Thing](#thing)." in page
    assert "`v1`. A thing. It belongs to no namespace." in page
    assert "`x/v1`. Another thing. [Its specification](https://x.test)." in page
    assert "| `leaf` | yes | A leaf. Its fields are those of `spec.items[]` of [Thing](#thing). |  |" in page


class PlainSpec(ObjectSpec):
    """Nothing."""


SECTIONS = (
    Kind(name="x/leaf", noun="leaf", section=("a", "leaves"), shape=Shape.NAMED, schema=LeafSpec, read=read),
    Kind(name="x/thing", noun="thing", section=("a", "things"), shape=Shape.LISTED, schema=ThingSpec, read=read),
    Kind(
        name="x/none",
        noun="none",
        section=("z",),
        shape=Shape.WHOLE,
        schema=PlainSpec,
        read=read,
        description="Really.",
    ),
)


def test_the_page_of_sections() -> None:
    page = reference(sections(SECTIONS[::-1]), {}).splitlines()
    assert [line for line in page if line.startswith("#")] == ["## a.leaves", "## a.things", "## z"]
    assert "`a.leaves.{}`." in page
    assert "`a.things[]`." in page
    assert "`z`. Nothing. Really." in page
    assert page[-1] == "`z`. Nothing. Really."
    assert "| `items[]` | yes | Several. Its fields are those of [a.leaves](#aleaves). |  |" in page
