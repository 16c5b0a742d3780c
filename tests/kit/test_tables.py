from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.tables import Layered, Version, changed_keys, replaced

KEYS = st.integers(0, 5)
THINGS = [object() for _ in range(3)]
CHANGES = st.lists(st.tuples(KEYS, st.sampled_from([*THINGS, None])), max_size=6)


def test_replacing_nothing_copies_nothing() -> None:
    table = {1: THINGS[0]}
    assert replaced(table, [(1, THINGS[0]), (2, None)]) is table
    assert replaced(table, [(1, None), (2, THINGS[1])]) == {2: THINGS[1]}
    assert table == {1: THINGS[0]}


@given(CHANGES, CHANGES, CHANGES)
def test_what_changed_is_what_a_comparison_finds(first: object, second: object, third: object) -> None:
    tables: list[dict[int, object]] = [{}]
    for changes in (first, second, third):
        assert isinstance(changes, list)
        tables.append(replaced(tables[-1], changes))
    for old in tables:
        for new in tables:
            different = {key for key in {*old, *new} if old.get(key) is not new.get(key)}
            assert changed_keys(old, new) == different == changed_keys(dict(old), dict(new))


def test_tables_that_follow_each_other_are_not_looked_through() -> None:
    first = replaced({}, [(number, THINGS[0]) for number in range(1000)])
    second = replaced(first, [(7, THINGS[1]), (1000, THINGS[1]), (8, None)])
    assert isinstance(second, Version)
    assert second.changed_since(first) == frozenset((7, 8, 1000))
    assert second.changed_since(dict(first)) is None
    third = replaced(replaced(second, [(7, None)]), [(7, THINGS[1])])
    assert changed_keys(second, third) == set()


@given(st.lists(st.tuples(CHANGES, CHANGES), max_size=5))
def test_layers_are_one_table(steps: list[tuple[list[tuple[int, object]], list[tuple[int, object]]]]) -> None:
    layered: Layered[int, object] = Layered()
    base: dict[int, object] = {}
    for changes, above in steps:
        base = replaced(base, changes)
        over = {key: thing for key, thing in above if thing is not None}
        before = layered.table
        expected = {**base, **over}
        assert layered.update(base, over) == expected
        assert (layered.table is before) == (before == expected)
