from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tulle.dialects import registry

CASES = sorted((Path(__file__).parents[2] / "golden" / "ingress").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, golden: Callable[[Path], None]) -> None:
    golden(case)


def test_every_field_of_every_kind_is_described() -> None:
    for kind in registry.dialects()["ingress"].kinds.values():
        definitions = kind.schema.model_json_schema()
        for schema in (definitions, *definitions.get("$defs", {}).values()):
            for name, field in schema.get("properties", {}).items():
                assert field.get("description") or "$ref" in field, f"{kind.kind}: {schema['title']}.{name}"
