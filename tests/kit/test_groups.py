from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.groups import FEW, Groups

STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 2 * FEW)))


@given(STEPS)
def test_members_are_those_that_were_added_and_not_removed_in_order(steps: list[tuple[bool, int, int]]) -> None:
    groups: Groups[int, int] = Groups()
    expected: dict[int, dict[int, None]] = {}
    for is_added, key, member in steps:
        if is_added:
            groups.add(key, member)
            expected.setdefault(key, {})[member] = None
        elif member in expected.get(key, {}):
            groups.remove(key, member)
            del expected[key][member]
        else:
            with pytest.raises(KeyError):
                groups.remove(key, member)
    expected = {key: group for key, group in expected.items() if group}
    assert {key: list(group) for key, group in groups.items()} == {key: list(group) for key, group in expected.items()}
    assert set(groups) == expected.keys() and len(groups) == len(expected)
    assert [key in groups for key in range(3)] == [key in expected for key in range(3)]
    assert list(groups.get(0)) == list(expected.get(0, {}))


def test_large_groups_are_like_small_ones() -> None:
    groups: Groups[str, int] = Groups()
    for member in range(2 * FEW):
        groups.add("all", member)
        groups.add("all", 0)
    assert list(groups.get("all")) == list(range(2 * FEW))
    with pytest.raises(KeyError):
        groups.remove("all", -1)
    for member in range(2 * FEW):
        groups.remove("all", member)
    assert "all" not in groups and not groups.get("all")


def test_members_may_be_tuples_and_groups_be_taken_away() -> None:
    groups: Groups[str, tuple[int, ...]] = Groups()
    for member in ((1, 2), (), (3,)):
        groups.add("all", member)
        assert member in groups.get("all")
    groups.discard("all", ())
    groups.discard("all", (4,))
    groups.discard("none", ())
    assert list(groups.pop("all")) == [(1, 2), (3,)]
    assert not groups.pop("all") and not list(groups)
