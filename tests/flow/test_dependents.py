from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from tulle.flow.dependents import Dependents

STEPS = st.lists(st.tuples(st.integers(0, 14), st.frozensets(st.integers(0, 6))))


@given(STEPS, st.frozensets(st.integers(0, 6)))
def test_what_depends_on_a_key_is_what_was_noted_last(
    steps: list[tuple[int, frozenset[int]]], asked: frozenset[int]
) -> None:
    dependents: Dependents[int, int] = Dependents()
    noted: dict[int, frozenset[int]] = {}
    for thing, keys in steps:
        noted[thing] = keys
        dependents.note(thing, keys)
    expected = {thing for thing, keys in noted.items() if keys & asked}
    assert set(chain.from_iterable(dependents.on(asked))) == expected


def test_nothing_is_left_of_what_is_forgotten() -> None:
    dependents: Dependents[int, str] = Dependents()
    for thing in range(20):
        dependents.note(thing, ("many", f"own {thing}"))
    assert [len(things) for things in dependents.on(frozenset(("many",)))] == [20]
    for thing in range(20):
        dependents.forget(thing)
        dependents.forget(thing)
    assert not dependents._keys and not len(dependents._things)
