from __future__ import annotations

import pytest

from tulle.dialects.istio.dialect import DIALECT


@pytest.mark.parametrize(
    "kind",
    [
        *("authorizationpolicy", "peerauthentication", "requestauthentication", "telemetry"),
        *("envoyfilter", "wasmplugin", "proxyconfig", "istiooperator"),
    ],
)
def test_every_policy_has_its_kind_and_every_field_a_description(kind: str) -> None:
    found = DIALECT.kinds[f"istio/{kind}"]
    assert found.documentation.startswith("https://istio.io/")
    schema = found.schema.model_json_schema()
    for name, each in {"": schema, **schema["$defs"]}.items():
        for field, about in each.get("properties", {}).items():
            assert about.get("description"), f"{name}.{field}"
