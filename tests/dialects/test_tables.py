from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.core.dialect import DIALECT
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, Refused
from tulle.dialects.tables import paths_in, reference, rows
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment


class LeafSpec(ObjectSpec):
    a_value: int | None = Field(None, description="A number | or none.")
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


def read(part: Written) -> Fragment:
    return Fragment()


KIND = ObjectKind(group="x.test", versions=("v2", "v1"), kind="Thing", schema=Thing, read=read)


def test_every_field_of_a_kind_has_a_row() -> None:
    assert [(row.name, row.support) for row in rows(KIND)] == [
        ("spec", "yes"),
        ("spec.items[]", "yes"),
        ("spec.items[].aValue", "yes"),
        ("spec.items[].again", "yes"),
        ("spec.byName.{}", "yes"),
        ("spec.byName.{}.aValue", "yes"),
        ("spec.byName.{}.again", "yes"),
        ("spec.texts", "yes"),
        ("spec.old", "refused"),
        ("spec.near", "differs"),
    ]


def test_fields_that_a_document_writes_are_named_like_rows() -> None:
    written = {"spec": {"items": [{"aValue": 1}], "byName": {"x": {"aValue": 2}}, "near": 1}}
    assert {row.path for row in rows(KIND)} & set(paths_in(written)) == {
        ("spec",),
        ("spec", "items[]"),
        ("spec", "items[]", "aValue"),
        ("spec", "byName", "{}"),
        ("spec", "byName", "{}", "aValue"),
        ("spec", "near"),
    }


def test_the_page_of_a_dialect_has_a_table_for_each_kind() -> None:
    page = reference(DIALECT, {"Namespace": {("spec",): "some-case"}})
    assert "## Namespace" in page
    assert "| `spec` | yes | Ignored: finalizers of a cluster. | some-case |" in page
