from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle.dialects import registry
from tulle.dialects.native.dialect import DIALECT
from tulle.flow.build import Builder
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

CASES = sorted((Path(__file__).parents[2] / "golden" / "native").iterdir())
Write = Callable[..., Document]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, write: Write, plain: Callable[[object], Any]) -> None:
    """`UPDATE_GOLDEN=1` writes what is instead of comparing it with what should be."""
    mesh = Builder().build((write((case / "in.yaml").read_text()),))
    text = json.dumps(plain(mesh), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "mesh.json").write_text(text)
    assert text == (case / "mesh.json").read_text()


def messages(document: Document) -> list[str]:
    parts, findings = registry.split(document)
    return [str(finding) for finding in (*findings, *(f for part in parts for f in registry.read(part).findings))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("servces: {}", 'unknown field "servces"; did you mean "services"?'),
        (
            "zzz: 1",
            'unknown field "zzz"; known are access, edge, gateway, logging, mesh, mtls, namespace, routes, scopes, '
            "services, tokens, workloads",
        ),
        ("gateway: {listener: {}}", 'gateway: unknown field "listener"; did you mean "listeners"?'),
        ("gateway: {zzz: {}}", 'gateway: unknown field "zzz"; known is listeners'),
        ("services: [web]", '"services" must be a mapping of names, not a list'),
        ("gateway: web", '"gateway" must be a mapping, not "web"'),
        ("routes: {}", '"routes" must be a list, not a mapping'),
        ("routes: [1]", "route must be a mapping, not 1"),
        ("namespace: A_B", '"namespace" must be a name of lower-case letters, not "A_B"'),
        ("services: {Web: {}}", 'service "Web": a name has lower-case letters, digits and -, at most 63'),
        (
            "services: {a: {command: x}}\nservices: {}",
            '"services" is written twice (first in line 1); the first one counts',
        ),
        ("services: {a: {command: x}, a: {}}", '"a" is written twice (first in line 1); the first one counts'),
        (
            "routes: [{respond: 200}, {respond: 201}]",
            "route */ is given twice (first at in.yaml:1); the first one counts",
        ),
        ("services: {web: }", "service web must be a mapping, not nothing"),
    ],
)
def test_mistakes_in_the_frame(write: Write, text: str, expected: str) -> None:
    assert [message.partition("error: ")[2] for message in messages(write(text))] == [expected]


def test_an_empty_section_is_nothing(write: Write) -> None:
    assert messages(write("services:\nroutes:\ngateway:\nmesh:")) == []


def test_unchanged_parts_are_the_same_objects_where_they_are_now(write: Write) -> None:
    text = "services:\n  a: {command: a}\n  b:\n    command: b\n"
    text += "routes:\n  - to: a\ngateway: {listeners: {w: 80}}\nmesh: {}\n"
    before, _ = registry.split(write(text))
    known = {part.key: part for part in before}

    after, _ = registry.split(write(text.replace("command: a", "command: c"), line=11), known)

    same = {part.key.name.name for part, old in zip(after, before, strict=True) if part is old}
    assert same == {"b", "*/", "w", "mesh"}
    assert [part.origin.line for part in after if part.key.name.name == "b"] == [13]


@pytest.mark.parametrize(
    "text",
    [
        "services:\n  a:\n\n    command: a",
        "services:\n  a:\n    command: b",
        "namespace: shop\nservices:\n  a:\n    command: a",
        "services:\n  a:\n    command: a\n    command: b",
    ],
)
def test_a_part_with_other_values_or_lines_is_another_one(write: Write, text: str) -> None:
    before, _ = registry.split(write("services:\n  a:\n    command: a"))
    after, _ = registry.split(write(text), {part.key: part for part in before})
    assert before[0] is not after[0]


def test_a_part_of_another_file_is_another_one(write: Write) -> None:
    before, _ = registry.split(write("services: {a: {command: a}}"))
    after, _ = registry.split(write("services: {a: {command: a}}", file="b.yaml"), {part.key: part for part in before})
    assert before[0] is not after[0]


def test_namespaces_of_the_document_and_of_a_part(write: Write) -> None:
    parts, _ = registry.split(write("namespace: shop\nservices: {a: {}, b: {namespace: other}, c: {namespace: [1]}}"))
    assert [part.key.name for part in parts] == [Name("shop", "a"), Name("other", "b"), Name("shop", "c")]


def test_a_part_that_got_another_folder_or_namespace_is_another_one(write: Write) -> None:
    text = "services:\n  a:\n    command: a\n    namespace: shop\n"
    before, _ = registry.split(write(f"#\n{text}"))
    after, _ = registry.split(write(f"namespace: other\n{text}"), {part.key: part for part in before})
    assert before[0].key == after[0].key
    assert before[0] is not after[0]


def test_a_part_is_itself_a_document(write: Write) -> None:
    parts, _ = registry.split(write("namespace: shop\ngateway: {listeners: {web: 80}}\nroutes: [{to: a}]"))
    for part in parts:
        again, findings = DIALECT.split(Document(part.origin, Key("file", Name("", "x")), part.data), {})
        assert [(other.key, other.data) for other in again] == [(part.key, part.data)]
        assert not findings


def test_documents_without_lines_are_understood() -> None:
    data = {
        "namespace": "shop",
        "services": {"web": {"port": "x"}},
        "zzz": 1,
        "routes": [{"to": "web"}],
        "gateway": {"l": 1},
    }
    document = Document(Origin("store", "store:1"), Key("file", Name("", "x")), data)
    parts, findings = DIALECT.split(document, {})
    assert len(parts) == 2
    assert len(findings) == 2
    assert DIALECT.split(document, {part.key: part for part in parts})[0] == parts
    plain = {"namespace": 1}
    assert DIALECT.split(Document(Origin("store"), Key("file", Name("", "x")), plain), {})[1]


def test_a_part_of_an_unknown_kind_is_a_finding() -> None:
    part = Document(Origin("store"), Key("native/servce", Name("a", "b")), LocatedMap(0))
    (finding,) = DIALECT.read(part).findings
    assert finding.message == 'nothing here reads kind "native/servce"; did you mean "native/service"?'
