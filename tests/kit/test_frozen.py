from __future__ import annotations

from dataclasses import dataclass

from tulle.kit.frozen import differing, rebuilt


@dataclass(frozen=True)
class Leaf:
    size: int


@dataclass(frozen=True, eq=False)
class Tree:
    name: str
    leaves: tuple[Leaf, ...] = ()


def grown(value: object) -> object:
    return Leaf(value.size + 1) if isinstance(value, Leaf) and value.size > 1 else value


def test_parts_are_replaced_however_deep() -> None:
    tree = Tree("oak", (Leaf(1), Leaf(2)))
    assert rebuilt((tree, "x"), grown)[0].leaves == (Leaf(1), Leaf(3))


def test_what_does_not_change_stays_the_same_object() -> None:
    tree = Tree("oak", (Leaf(1),))
    assert rebuilt(tree, grown) is tree
    both = (tree, 5)
    assert rebuilt(both, grown) is both


def test_differences_are_the_smallest_parts() -> None:
    one, two = Tree("oak", (Leaf(1), Leaf(2))), Tree("oak", (Leaf(1), Leaf(3)))
    assert differing(one, two) == [("leaves[1].size", 2)]
    assert differing(one, Tree("oak", (Leaf(1), Leaf(2)))) == []
    assert differing(one, Tree("elm", (Leaf(1),))) == [("name", "oak"), ("leaves", one.leaves)]
    assert differing(one, None) == [("", one)]
