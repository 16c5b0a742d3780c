from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from tulle.dialects import registry
from tulle.dialects.gateway_api.dialect import DIALECT
from tulle.dialects.objects import Object
from tulle.dialects.written import fields_at

CASES = sorted((Path(__file__).parents[2] / "golden" / "gateway-api-kinds").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_cases(case: Path, golden: Callable[[Path], None]) -> None:
    golden(case)


def test_it_is_found() -> None:
    assert registry.dialects()["gateway-api"] is DIALECT


def test_every_kind() -> None:
    assert sorted(each.kind for each in DIALECT.kinds.values()) == [
        "BackendTLSPolicy", "GRPCRoute", "Gateway", "GatewayClass", "HTTPRoute", "ListenerSet", "ReferenceGrant",
        "TCPRoute", "TLSRoute", "UDPRoute", "XListenerSet",
    ]  # fmt: skip
    assert [each.short for each in DIALECT.kinds.values() if each.is_global] == ["gatewayclass"]


def test_every_field_has_a_description() -> None:
    for kind in DIALECT.kinds.values():
        seen: set[type[BaseModel]] = set()
        missing = [f"{kind.kind}: {path}" for path in _undescribed(kind.schema, "", seen)]
        assert not missing


def _undescribed(schema: type[BaseModel], path: str, seen: set[type[BaseModel]]) -> list[str]:
    if schema in seen:
        return []
    seen.add(schema)
    found = []
    for name, info in schema.model_fields.items():
        place = f"{path}.{info.alias or name}"
        if not info.description:
            found.append(place)
        for model in _models(info.annotation):
            found += _undescribed(model, place, seen)
    return found


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models(part)]


def test_unknown_kinds_of_the_group_are_mistakes() -> None:
    assert DIALECT.claims({"apiVersion": "gateway.networking.x-k8s.io/v1alpha1", "kind": "XMesh"})
    assert issubclass(DIALECT.kinds["gateway-api/gateway"].schema, Object)
    assert "listeners" in fields_at(DIALECT.kinds["gateway-api/gateway"].schema, ("spec",))
