from __future__ import annotations

import gc
from dataclasses import dataclass

import pytest

from tulle.kit.memo import remember


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Thing:
    number: int


class Doubling:
    """A function that counts how often it really runs."""

    def __init__(self, size: int = 8) -> None:
        self.runs: list[tuple[int, int]] = []

        @remember(size=size)
        def double(thing: Thing, factor: int) -> list[int]:
            self.runs.append((thing.number, factor))
            return [thing.number * factor]

        self.double = double


def test_same_input_gives_the_same_object() -> None:
    doubling, thing = Doubling(), Thing(3)
    assert doubling.double(thing, 2) is doubling.double(thing, 2)
    assert doubling.double(thing, 5) == [15]
    assert doubling.runs == [(3, 2), (3, 5)]


def test_equal_but_other_input_is_another_one() -> None:
    doubling, one, other = Doubling(), Thing(3), Thing(3)
    assert doubling.double(one, 2) is not doubling.double(other, 2)


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    doubling, thing = Doubling(size=2), Thing(3)
    for factor in (1, 2, 1, 3, 1, 2):
        doubling.double(thing, factor)
    assert [factor for _, factor in doubling.runs] == [1, 2, 3, 2]


def test_results_go_with_their_input() -> None:
    doubling, thing = Doubling(), Thing(3)
    closure = doubling.double.__closure__ or ()
    results = next(cell.cell_contents for cell in closure if hasattr(cell.cell_contents, "data"))
    doubling.double(thing, 2)
    assert len(results) == 1
    del thing
    gc.collect()
    assert len(results) == 0


def test_named_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="double remembers by position; pass factor without a name"):
        Doubling().double(Thing(3), factor=2)
