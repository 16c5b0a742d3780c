from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tulle.kit.frozen import differing, rebuilt


@dataclass(frozen=True)
class Leaf:
    size: int = 0


@dataclass(frozen=True)
class Tree:
    name: str
    leaves: tuple[Leaf, ...] = ()
    others: tuple[Leaf, ...] = ()
    height: int = field(init=False, default=3)


class Pair(NamedTuple):
    left: str
    right: str


TREE = Tree("oak", (Leaf(1), Leaf(2)), (Leaf(5),))


def test_parts_are_replaced_however_deep_and_others_stay_the_same() -> None:
    made: object = rebuilt(TREE, lambda part: replace(part, size=9) if part == Leaf(2) else part)
    assert made == Tree("oak", (Leaf(1), Leaf(9)), (Leaf(5),))
    assert made.leaves[0] is TREE.leaves[0] and made.others is TREE.others


def test_what_does_not_change_is_the_same_thing() -> None:
    assert rebuilt(TREE, lambda part: part) is TREE


def test_tuples_with_names_stay_what_they_are() -> None:
    made: object = rebuilt((Pair("a", "b"),), lambda part: "c" if part == "a" else part)
    assert isinstance(made, tuple) and made == (Pair("c", "b"),) and isinstance(made[0], Pair)
    assert differing((Pair("a", "b"),), made) == [("[0]", Pair("a", "b"))]


def test_what_is_inside_is_changed_first() -> None:
    made: object = rebuilt((1, (2, 3)), lambda part: sum(part) if isinstance(part, tuple) else part * 10)
    assert made == 60


def test_classes_are_values_like_others() -> None:
    assert rebuilt((Leaf,), lambda part: part) == (Leaf,)
    assert differing(Leaf, Tree) == [("", Leaf)]


def test_differences_are_told_by_the_paths_of_the_smallest_parts() -> None:
    other = Tree("elm", (Leaf(1), Leaf(3)), (Leaf(5),))
    assert differing(TREE, TREE) == []
    assert differing(TREE, other) == [("name", "oak"), ("leaves[1].size", 2)]


def test_what_cannot_be_compared_by_parts_differs_as_a_whole() -> None:
    assert differing((Leaf(1),), (), "leaves") == [("leaves", (Leaf(1),))]
    assert differing(Leaf(1), TREE) == [("", Leaf(1))]
