from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from tulle.dialects.core.dialect import DIALECT
from tulle.dialects.objects import (
    Differs,
    Items,
    Object,
    ObjectDialect,
    ObjectSpec,
    Refused,
    labels_of,
    listed,
    mark_of,
    validated,
)
from tulle.dialects.written import Written
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import SYSTEM_NAMESPACE, Name


class InnerSpec(ObjectSpec):
    old_way: Annotated[bool | None, Refused("has no effect", unless=(False,))] = Field(None)


class Thing(Object):
    some_items: Items[InnerSpec] = ()
    by_name: dict[str, InnerSpec] = Field(default_factory=dict)
    near: Annotated[int, Differs("counts from 1")] = 0


def document(text: str, line: int = 1, file: str = "a.yaml") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file, Anchor(line)), Key("file", Name("", file)), data, "/folder")


def written(text: str) -> Written:
    return Written(document(text), "Thing x", ())


FRAME = "apiVersion: x/v1\nkind: Thing\nmetadata: {name: x}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels: {a: b}\n"


def test_fields_are_named_as_kubernetes_does() -> None:
    part = written(FRAME + "someItems: [{oldWay: false}]\nstatus: {any: thing}\n")
    found = validated(part, Thing)
    assert found is not None
    assert found.some_items[0].old_way is False
    assert not part.findings


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("some_items: []", 4, 'Thing x: unknown field "some_items"; did you mean "someItems"?'),
        ("someItems: {}", 4, 'Thing x: "someItems" must be a list, not a mapping'),
        ("metadata2: {}", 4, 'Thing x: unknown field "metadata2"; did you mean "metadata"?'),
    ],
)
def test_what_is_no_field_is_an_error_at_its_line(text: str, line: int, message: str) -> None:
    part = written(FRAME + text)
    assert validated(part, Thing) is None
    assert [(each.origin.line, each.message) for each in part.findings] == [(line, message)]


def test_labels_must_be_text() -> None:
    part = written("apiVersion: x/v1\nkind: Thing\nmetadata: {name: x, labels: {a: true, b: null}, extra: 1}")
    assert validated(part, Thing) is None
    assert part.findings[0].message == 'Thing x: "metadata.labels.a" must be text, not true; put it in quotes'


def test_a_field_without_effect_is_a_warning_where_it_is_written() -> None:
    part = written(FRAME + "someItems:\n- {}\n- oldWay: true\nbyName:\n  one: {oldWay: true}\n")
    assert validated(part, Thing) is not None
    assert sorted((each.origin.line, each.message) for each in part.findings) == [
        (6, 'Thing x: "someItems[1].oldWay" has no effect'),
        (8, 'Thing x: "byName.one.oldWay" has no effect'),
    ]
    assert not any(each.is_error for each in part.findings)


def test_fields_are_marked() -> None:
    assert mark_of(Thing.model_fields["near"], Differs) == Differs("counts from 1")
    assert mark_of(Thing.model_fields["near"], Refused) is None


def test_an_object_is_a_part_by_its_kind_and_name() -> None:
    (part,), findings = DIALECT.split(document(SPACE, line=5), {})
    assert not findings
    assert part.key == Key("core/namespace", Name(SYSTEM_NAMESPACE, "shop"))
    assert (part.origin.line, part.origin.subject, part.folder) == (5, "Namespace shop", "/folder")
    assert DIALECT.read(part).objects[0].name == "shop"


def test_an_object_that_only_moved_stays_what_it_is() -> None:
    (part,), _ = DIALECT.split(document(SPACE), {})
    known = {part.key: part}
    (moved,), _ = DIALECT.split(document(SPACE, line=9), known)
    assert moved is part
    assert part.origin.line == 9
    for other in (SPACE.replace("a: b", "a: c"), SPACE.replace("labels:", "\n  labels:")):
        (changed,), _ = DIALECT.split(document(other), known)
        assert changed is not part
    (elsewhere,), _ = DIALECT.split(document(SPACE, file="b.yaml"), known)
    assert elsewhere is not part


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (SPACE.replace("Namespace", "Namespac"), 2, "did you mean"),
        (SPACE.replace("v1", "v7"), 1, 'Namespace has no version "v7" that is known here; write v1'),
        (SPACE.replace("  name: shop\n", ""), 3, "Namespace has no metadata.name; a name has"),
        (SPACE.replace("shop", "Shop!"), 4, 'Namespace has the name "Shop!"; a name has'),
        (SPACE.replace("labels: {a: b}", "namespace: 7"), 5, "metadata.namespace must be a name, not 7"),
    ],
)
def test_what_is_no_object_of_a_known_kind_is_a_finding(text: str, line: int, message: str) -> None:
    parts, (finding,) = DIALECT.split(document(text), {})
    assert not parts
    assert finding.origin.line == line
    assert message in finding.message


def test_a_dialect_claims_its_groups_and_kinds() -> None:
    dialect = ObjectDialect(name="core", package="tulle.dialects.core")
    assert dialect.claims({"apiVersion": "v1", "kind": "Namespace"})
    assert not dialect.claims({"apiVersion": "v1", "kind": "Namespac"})
    assert DIALECT.claims({"apiVersion": "v1", "kind": "Namespac"})
    assert not DIALECT.claims({"apiVersion": "other/v1", "kind": "Namespace"})
    assert not DIALECT.claims({"services": {}})
    assert not DIALECT.claims({"apiVersion": 1})


def test_a_kind_that_is_gone_is_a_finding() -> None:
    stored = Document(Origin("store"), Key("core/namespac", Name("", "x")), {})
    assert "nothing here reads" in DIALECT.read(stored).findings[0].message


def test_the_objects_of_a_list_are_documents_with_their_own_lines() -> None:
    text = f"apiVersion: v1\nkind: List\nitems:\n- {SPACE.replace(chr(10), chr(10) + '  ')}\n- 7\n"
    (one,) = listed(document(text, line=10))
    assert one.origin.line == 13
    (part,), _ = DIALECT.split(one, {})
    assert part.key.name.name == "shop"
    assert list(listed(document("kind: List\nitems: {}"))) == []


def test_labels_are_in_order() -> None:
    assert labels_of({"b": "1", "a": "2"}) == (("a", "2"), ("b", "1"))
