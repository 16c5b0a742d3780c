from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def test_the_schema_describes_services(tulle: Callable[..., Any]) -> None:
    schema = json.loads(tulle("schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"services", "routes", "gateway"} <= schema["properties"].keys()
