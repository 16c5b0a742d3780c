from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tulle.dialects import registry
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Write = Callable[..., Document]
Read = Callable[..., Fragment]
Plain = Callable[[object], Any]


@pytest.fixture
def write() -> Write:
    """A whole document, as a file source would yield it."""

    def make(text: str, line: int = 1, file: str = "in.yaml") -> Document:
        data = parse(text)
        assert isinstance(data, dict)
        return Document(Origin("file", file, Anchor(line)), Key("file", Name("", f"{file}#1")), data, "/folder")

    return make


@pytest.fixture
def read(write: Write) -> Read:
    """What the only part of a document says, with the findings of the document around it."""

    def make(text: str) -> Fragment:
        parts, findings = registry.split(write(text))
        fragments = [registry.read(part) for part in parts]
        known = [fragment for fragment in fragments if fragment.services] or fragments or [Fragment()]
        found: tuple[Finding, ...] = (*findings, *(f for fragment in fragments for f in fragment.findings))
        return dataclasses.replace(known[-1], findings=found)

    return make


@pytest.fixture
def golden(write: Write) -> Callable[[Path], None]:
    """Compares what the parts of `in.yaml` say with `fragments.json`; `UPDATE_GOLDEN=1` writes it instead."""

    def compare(case: Path) -> None:
        found: list[object] = []
        for piece in pieces((case / "in.yaml").read_text()):
            parts, findings = registry.split(write(piece.text, piece.line + 1))
            found += [str(finding) for finding in findings]
            found += [{f"{part.key.kind} {part.key.name}": _plain(registry.read(part))} for part in parts]
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        if os.environ.get("UPDATE_GOLDEN"):
            (case / "fragments.json").write_text(text)
        assert text == (case / "fragments.json").read_text()

    return compare


@pytest.fixture
def plain() -> Plain:
    """Anything of the model as JSON values: origins as `file:line`, without what is as it is by default."""
    return _plain


def _plain(value: object) -> Any:
    if isinstance(value, Origin):
        return str(value)
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, Finding):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.decode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(given)
            for field in dataclasses.fields(value)
            if not _is_default(field, given := getattr(value, field.name))
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value, key=str)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _is_default(field: dataclasses.Field[Any], value: object) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return field.default is not dataclasses.MISSING and bool(value == field.default)
