"""Golden cases of all kinds of policies: what each document says, and what is wrong with it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tulle.dialects import registry
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.mesh import Fragment
from tulle.model.names import Name

CASES = sorted((Path(__file__).parents[2] / "golden" / "istio-policies").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, plain: Callable[[object], Any]) -> None:
    """`UPDATE_GOLDEN=1` writes what is instead of comparing it with what should be."""
    found = []
    for piece in pieces((case / "in.yaml").read_text()):
        data = parse(piece.text)
        assert isinstance(data, dict)
        origin = Origin("file", "in.yaml", Anchor(piece.line + 1))
        parts, findings = registry.split(Document(origin, Key("file", Name("", "in")), data, "/folder"))
        fragments: list[Fragment] = [registry.read(part) for part in parts]
        found.append(
            {
                "objects": [{type(each).__name__: plain(each)} for fragment in fragments for each in fragment.objects],
                "findings": [str(each) for each in findings]
                + [str(each) for fragment in fragments for each in fragment.findings],
            }
        )
    text = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        (case / "objects.json").write_text(text)
    assert text == (case / "objects.json").read_text()


def test_there_are_limits_to_targets(read: Callable[[str], Fragment]) -> None:
    targets = ", ".join(f"{{kind: Service, name: a{i}}}" for i in range(17))
    found = read(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}\n"
        f"spec: {{rules: [{{}}], targetRefs: [{targets}]}}"
    )
    assert [each.message for each in found.findings] == [
        'AuthorizationPolicy a: "spec.targetRefs" has 17 targets; at most 16 are possible'
    ]
