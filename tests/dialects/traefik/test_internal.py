from __future__ import annotations

from tests.dialects.traefik.reading import document
from tulle.dialects.traefik.dialect import DIALECT
from tulle.dialects.traefik.internal import PLANE, service
from tulle.dialects.written import Written
from tulle.model.steps import AddPrefix, StripPrefix


def test_each_service_has_a_path_of_its_own() -> None:
    (part,), _ = DIALECT.split(document("api: {}"), {})
    steps, blend = service(Written(part, "api", ()), "rest")
    assert steps.steps == (AddPrefix(prefix="/rest"),)
    assert [each.to.name for each in blend.shares] == [PLANE]
    assert [each.name for each in blend.steps] == [steps.name]


def test_a_base_is_taken_away_before() -> None:
    (part,), _ = DIALECT.split(document("api: {}"), {})
    steps, _ = service(Written(part, "api", ()), "api", "/base")
    assert steps.steps == (StripPrefix(prefixes=("/base",)), AddPrefix(prefix="/api"))
