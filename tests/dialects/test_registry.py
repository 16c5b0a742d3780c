from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects import registry
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name

Write = Callable[[str], Document]


def test_every_dialect_is_found() -> None:
    assert "native" in registry.dialects()
    assert all(dialect.name == name for name, dialect in registry.dialects().items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nkind: Secret", 'nothing here reads kind "Secret" of apiVersion "v1"'),
        ("kind: Secret", 'nothing here reads kind "Secret" of apiVersion ""'),
    ],
)
def test_what_nobody_reads_is_a_finding(write: Write, text: str, message: str) -> None:
    parts, (finding,) = registry.split(write(text))
    assert not parts and finding.message == message


def test_what_looks_like_no_language_at_all_is_a_finding(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "dialects", dict)
    _, (finding,) = registry.split(write("a: 1"))
    assert "in no language that is known here" in finding.message


def test_a_part_is_read_as_it_is() -> None:
    part = Document(Origin("store"), Key("native/mesh", Name("tulle-system", "mesh")), {"mesh": {"outside": "known"}})
    assert registry.split(part) == ((part,), ())
    settings = registry.read(part).settings
    assert settings is not None and not settings.allow_outside
