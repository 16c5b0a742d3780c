from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tulle.dialects import registry
from tulle.dialects.istio.dialect import DIALECT
from tulle.dialects.written import fields_at
from tulle.kit.located_yaml import pieces
from tulle.model.documents import Document

CASES = sorted((Path(__file__).parents[2] / "golden" / "istio").iterdir())
Write = Callable[..., Document]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, write: Write, plain: Callable[[object], Any]) -> None:
    """`UPDATE_GOLDEN=1` writes what is instead of comparing it with what should be."""
    found = {}
    for piece in pieces((case / "in.yaml").read_text()):
        parts, findings = registry.split(write(piece.text, line=piece.line + 1))
        assert not findings
        for part in parts:
            found[f"{part.key.kind} {part.key.name}"] = plain(registry.read(part))
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "fragment.json").write_text(text)
    assert text == (case / "fragment.json").read_text()


def models(schema: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A schema and everything in it."""
    seen, todo = set(), [schema]
    while todo:
        if (now := todo.pop()) in seen:
            continue
        seen.add(now)
        yield now
        for name in fields_at(now, ()):
            todo.extend(_inside(now, name))


def _inside(schema: type[BaseModel], name: str) -> list[type[BaseModel]]:
    definitions = [info.annotation for key, info in schema.model_fields.items() if name in {key, info.alias}]
    found: list[type[BaseModel]] = []
    todo: list[Any] = list(definitions)
    while todo:
        now = todo.pop()
        if isinstance(now, type) and issubclass(now, BaseModel):
            found.append(now)
        else:
            todo.extend(getattr(now, "__args__", ()))
    return found


@pytest.mark.parametrize("kind", sorted(DIALECT.kinds))
def test_every_field_is_described(kind: str) -> None:
    schema = DIALECT.kinds[kind].schema
    for model in models(schema):
        assert model.__doc__, model
        for name, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{name}"
            assert info.description.endswith((".", "`")), f"{model.__name__}.{name}"


def test_networking_has_all_of_its_kinds() -> None:
    kinds = [kind for kind in DIALECT.kinds.values() if kind.group == "networking.istio.io"]
    expected = {
        "DestinationRule",
        "Gateway",
        "ServiceEntry",
        "Sidecar",
        "VirtualService",
        "WorkloadEntry",
        "WorkloadGroup",
    }
    assert expected <= {kind.kind for kind in kinds}
    for kind in kinds:
        if kind.kind in expected:
            assert kind.versions == ("v1", "v1beta1", "v1alpha3")
