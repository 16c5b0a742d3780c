from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from envoy.config.listener.v3 import listener_components_pb2

from tulle.envoy.patching.lists import edited, put
from tulle.model.extensions import PatchOperation

Filter: TypeAlias = listener_components_pb2.Filter


@pytest.mark.parametrize(
    ("operation", "anchor", "expected"),
    [
        ("ADD", "", "abxc"),
        ("ADD", "a", "abxc"),
        ("INSERT_FIRST", "c", "xabc"),
        ("INSERT_BEFORE", "", "xabc"),
        ("INSERT_BEFORE", "b", "axbc"),
        ("INSERT_BEFORE", "z", None),
        ("INSERT_AFTER", "", "abxc"),
        ("INSERT_AFTER", "b", "abxc"),
        ("REPLACE", "b", "axc"),
        ("REPLACE", "z", None),
        ("REPLACE", "", None),
        ("REMOVE", "b", "ac"),
        ("REMOVE", "", None),
    ],
)
def test_operations(operation: str, anchor: str, expected: str | None) -> None:
    items = [Filter(name=name) for name in "abc"]
    is_anchor: Callable[[Filter], bool] | None = (lambda item: item.name == anchor) if anchor else None
    new = None if operation == "REMOVE" else Filter(name="x")
    found = edited(items, PatchOperation(operation), new, is_anchor, end=2)
    assert (None if found is None else "".join(each.name for each in found)) == expected


def test_without_an_end_new_items_are_last() -> None:
    found = edited([Filter(name="a")], PatchOperation.ADD, Filter(name="x"), None)
    assert found is not None
    chain = listener_components_pb2.FilterChain(filters=[Filter(name="old")])
    put(chain.filters, found)
    assert [each.name for each in chain.filters] == ["a", "x"]
