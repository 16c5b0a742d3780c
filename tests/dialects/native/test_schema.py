from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tulle.dialects.native.schema import json_schema, reference
from tulle.flow.offline import checked

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "native.md"
MARK = "test_schema.py -->\n\n"


def test_the_reference_page_is_current() -> None:
    """`UPDATE_GOLDEN=1` writes it."""
    head, mark, _ = PAGE.read_text().partition(MARK)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(head + mark + reference())
    assert PAGE.read_text() == head + mark + reference()


def test_the_example_of_the_page_is_right(tmp_path: Path) -> None:
    text = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "in.yaml").write_text(text)
    mesh, findings = checked([tmp_path])
    assert not findings
    assert len(mesh.services) == 2 and len(mesh.gateway_routes) == 2


def test_every_field_has_a_meaning() -> None:
    definitions: dict[str, Any] = json_schema()["$defs"]
    missing = [
        f"{name}.{field}"
        for name, definition in definitions.items()
        for field, described in definition.get("properties", {}).items()
        if not described.get("description")
    ]
    assert missing == []


def test_editors_get_a_schema_of_every_section() -> None:
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == {
        "namespace",
        "mesh",
        "services",
        "workloads",
        "gateway",
        "routes",
        "access",
        "tokens",
        "mtls",
        "scopes",
        "logging",
        "edge",
    }
    assert schema["additionalProperties"] is False
    assert "listeners" in schema["properties"]["gateway"]["properties"]
    versions = schema["$defs"]["ServiceRouteSpec"]["properties"]["versions"]
    assert {"type": "string"} in versions["anyOf"]
    assert schema["$defs"]["AllowSpec"]["properties"]["from"]["description"]
