from __future__ import annotations

import gc
from dataclasses import dataclass
from weakref import ref

import pytest

from tulle.kit.memo import remember


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Thing:
    value: int


def test_the_same_object_is_computed_once() -> None:
    calls: list[int] = []

    @remember()
    def double(thing: Thing) -> int:
        calls.append(thing.value)
        return 2 * thing.value

    one, equal = Thing(1), Thing(1)
    assert [double(one), double(one), double(equal)] == [2, 2, 2]
    assert calls == [1, 1]


def test_other_arguments_count_and_the_oldest_is_forgotten() -> None:
    calls: list[int] = []

    @remember(size=2)
    def add(thing: Thing, other: int) -> int:
        calls.append(other)
        return thing.value + other

    thing = Thing(1)
    for other in (1, 2, 1, 3, 1, 2):
        assert add(thing, other) == 1 + other
    assert calls == [1, 2, 3, 2]


def test_results_live_as_long_as_the_object() -> None:
    class Result:
        pass

    @remember()
    def result(thing: Thing) -> Result:
        return Result()

    thing = Thing(1)
    before = id(result(thing))
    assert id(result(thing)) == before
    del thing
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, Result)]


def test_a_result_that_is_the_object_does_not_keep_it_alive() -> None:
    @remember(size=2)
    def itself(thing: Thing, _: int) -> Thing:
        return thing

    thing = Thing(1)
    watched = ref(thing)
    assert all(itself(thing, number) is thing for number in (1, 1, 2, 1, 3))
    del thing
    gc.collect()
    assert watched() is None


def test_named_arguments_are_refused() -> None:
    @remember()
    def add(thing: Thing, other: int) -> int:
        return thing.value + other

    with pytest.raises(TypeError, match="remembers by position; pass other without a name"):
        add(Thing(1), other=2)


def test_other_arguments_may_be_weak_references_to_what_is_gone() -> None:
    @remember()
    def add(thing: Thing, other: ref[Thing]) -> int:
        found = other()
        return thing.value + (found.value if found else 0)

    thing, first, second = Thing(1), Thing(2), Thing(3)
    assert add(thing, ref(first)) == 3
    del first
    gc.collect()
    assert add(thing, ref(second)) == 4
