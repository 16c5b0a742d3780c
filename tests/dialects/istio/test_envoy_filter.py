from __future__ import annotations

import pytest

from tests.dialects.istio.objects import messages, only
from tulle.dialects.istio.envoy_filter import KIND, OPERATIONS
from tulle.model.extensions import PatchOperation, PatchPlace


@pytest.mark.parametrize("place", [each for each in PatchPlace if each is not PatchPlace.BOOTSTRAP])
def test_every_place_has_its_operations(place: PatchPlace) -> None:
    for operation in PatchOperation:
        patch: dict[str, object] = {"operation": operation.value}
        if operation is not PatchOperation.REMOVE:
            patch["value"] = {"name": "a"}
        found = messages(KIND, {"configPatches": [{"applyTo": place.value, "patch": patch}]})
        assert bool(found) is (operation not in OPERATIONS[place])


def test_equal_values_are_equal_texts() -> None:
    def value(given: dict[str, object]) -> str:
        patches = [{"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": given}}]
        text: str = only(KIND, {"configPatches": patches}).patches[0].value
        return text

    assert value({"a": 1, "b": {"c": [1]}}) == value({"b": {"c": [1]}, "a": 1})


def test_one_patch_that_is_left_out_leaves_the_others() -> None:
    other = {"applyTo": "CLUSTER", "patch": {"operation": "MERGE", "value": {}}}
    boot = {"applyTo": "BOOTSTRAP", "patch": {"operation": "MERGE", "value": {}}}
    assert len(messages(KIND, {"configPatches": [boot, other]})) == 1
