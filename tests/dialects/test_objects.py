from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pytest
from pydantic import Field

from tulle.dialects import registry
from tulle.dialects.objects import (
    Differs,
    Items,
    Object,
    ObjectDialect,
    ObjectSpec,
    Refused,
    Strings,
    listed,
    mark_of,
    validated,
)
from tulle.dialects.written import Written
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

Write = Callable[..., Document]
CORE = ObjectDialect(name="core", package="tulle.dialects.core", groups=frozenset(("apps",)))
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"


class Inner(ObjectSpec):
    number: Annotated[int | None, Refused("has no effect", unless=(0,))] = Field(None)
    words: Strings


class Outer(Object):
    inner: Inner | None = None
    items: Items[Inner] = ()
    by_name: Annotated[dict[str, Inner], Differs("a little")] = Field(default_factory=dict)


def written(write: Write, text: str) -> Written:
    return Written(write(f"apiVersion: v1\nkind: Outer\nmetadata: {{name: x}}\n{text}"), "Outer x", ())


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("inner: {number: 1}", ['in.yaml:4: warning: Outer x: "inner.number" has no effect']),
        ("inner: {number: 0}", []),
        ("inner: {number: }", []),
        ("inner: \nitems: \n", []),
        ("items: [{}, {number: 2}]", ['in.yaml:4: warning: Outer x: "items[1].number" has no effect']),
        ("byName:\n  a: {number: 2}", ['in.yaml:5: warning: Outer x: "byName.a.number" has no effect']),
        ("inner: {words: {a: b, c: }}", []),
    ],
)
def test_fields_without_effect_are_told_where_they_are_written(write: Write, text: str, findings: list[str]) -> None:
    part = written(write, text)
    assert validated(part, Outer) is not None
    assert [str(finding) for finding in part.findings] == findings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("by_name: {}", 'Outer x: unknown field "by_name"; did you mean "byName"?'),
        ("items: {}", 'Outer x: "items" must be a list, not a mapping; begin each item with "- "'),
        ("inner: {words: {a: 1}}", 'Outer x: "inner.words.a" must be text, not 1; put it in quotes'),
    ],
)
def test_an_object_with_mistakes_is_none(write: Write, text: str, message: str) -> None:
    part = written(write, text)
    assert validated(part, Outer) is None
    assert [finding.message for finding in part.findings] == [message]


def test_an_object_with_repeated_keys_is_none(write: Write) -> None:
    assert validated(written(write, "inner: {}\ninner: {}"), Outer) is None


def test_fields_may_be_marked() -> None:
    mark = mark_of(Outer.model_fields["by_name"], Differs)
    assert mark is not None and mark.note == "a little"
    assert mark_of(Outer.model_fields["inner"], Refused) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "apiVersion: apps/v1\nkind: Deploymnet",
            '2: error: nothing here reads kind "Deploymnet" of apps; did you',
        ),
        ("apiVersion: apps/v1\nkind: Zzz", '2: error: nothing here reads kind "Zzz" of apps; known are '),
        (
            "apiVersion: v2\nkind: Pod",
            '1: error: Pod has no version "v2" that is known here; write v1',
        ),
        ("apiVersion: v1\nkind: Pod", "1: error: Pod has no metadata.name; a name has"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: A}", '3: error: Pod has the name "A"; a name has'),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: 1", "4: error: Pod has the name 1; a name has"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  namespace: B",
            '5: error: Pod a: metadata.namespace must be a name, not "B"',
        ),
    ],
)
def test_a_wrong_frame_is_told_where_it_is(write: Write, text: str, place: str) -> None:
    parts, (finding,) = CORE.split(write(text), {})
    assert not parts and str(finding).startswith(f"in.yaml:{place}")


def test_only_objects_of_known_kinds_and_own_groups_are_claimed() -> None:
    assert CORE.claims({"apiVersion": "v1", "kind": "Pod"})
    assert CORE.claims({"apiVersion": "apps/v1", "kind": "Unheard"})
    assert not CORE.claims({"apiVersion": "v1", "kind": "Unheard"})
    assert not CORE.claims({"apiVersion": 1, "kind": "Pod"})
    assert not CORE.claims({"services": {}})


def test_comments_and_markers_before_an_object_move_nothing(write: Write) -> None:
    ((part,), _) = CORE.split(write("---\n# a comment\n" + POD, 10), {})
    assert part.origin.line == 12
    fragment = registry.read(part)
    assert fragment.objects[0].origin.line == 12
    ((part,), _) = CORE.split(write("---\n\n" + POD + "spec: {containers: {}}", 10), {})
    (finding,) = registry.read(part).findings
    assert finding.origin.line == 16


def test_an_unchanged_object_is_the_same_where_it_is_now(write: Write) -> None:
    ((old,), _) = CORE.split(write(POD), {})
    known = {old.key: old}
    ((same,), _) = CORE.split(write("# moved\n" + POD, 7), known)
    assert same is old and old.origin.line == 8
    ((other,), _) = CORE.split(write(POD + "spec: {}\n"), known)
    assert other is not old
    ((other,), _) = CORE.split(write(POD.replace("\n  name", "\n\n  name")), known)
    assert other is not old
    ((other,), _) = CORE.split(write(POD, file="other.yaml"), known)
    assert other is not old


def test_a_global_kind_is_in_no_namespace(write: Write) -> None:
    ((part,), _) = CORE.split(write("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}"), {})
    assert part.key == Key("core/namespace", Name("tulle-system", "a"))


def test_a_part_of_a_kind_that_is_gone_is_a_mistake() -> None:
    part = Document(Origin("store"), Key("core/podd", Name("default", "a")), {})
    (finding,) = CORE.read(part).findings
    assert finding.message == 'nothing here reads kind "core/podd"; did you mean "core/pod"?'


def test_a_list_is_its_items_each_where_it_is(write: Write) -> None:
    document = write(
        "---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- 1\n", 3
    )
    (item,), (finding,) = listed(document)
    assert str(finding) == "in.yaml:10: error: an item of a List must be an object, not 1"
    ((part,), _) = CORE.split(item, {})
    assert part.origin.line == 7 and part.origin.subject == "Pod a"


def test_a_list_may_be_empty_but_must_be_a_list(write: Write) -> None:
    assert listed(write("kind: List\nitems:")) == ((), ())
    assert listed(write("kind: List\nitems: []")) == ((), ())
    parts, (finding,) = listed(write("kind: List\nitems: {}"))
    assert not parts and str(finding) == 'in.yaml:2: error: "items" of a List must be a list of objects, not a mapping'
