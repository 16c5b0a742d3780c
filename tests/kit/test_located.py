from __future__ import annotations

import pytest

from tulle.kit.located import LocatedList, LocatedMap, is_moved, line_of, repetitions
from tulle.kit.located_yaml import parse

TEXT = """\
a:
  b:
    - x
    - c: 1
      d: 2
e: 5
"""


def test_any_value_can_be_pointed_at() -> None:
    value = parse(TEXT)
    assert line_of(value, ()) == 0
    assert line_of(value, ("a", "b")) == 1
    assert line_of(value, ("a", "b", 1, "d")) == 4
    assert line_of(value, ("e",)) == 5


def test_what_does_not_exist_is_at_its_nearest_ancestor() -> None:
    value = parse(TEXT)
    assert line_of(value, ("a", "b", 7)) == 1
    assert line_of(value, ("e", "deeper")) == 5
    assert line_of({"plain": 1}, ("plain",)) == 0


def test_a_single_item_stands_for_a_list_of_one() -> None:
    assert line_of(parse("routes:\n  a: 1\n  b: 2\n"), ("routes", 0, "b")) == 2


def test_a_value_that_only_moved_is_recognized() -> None:
    assert is_moved(parse(TEXT), parse("\n\n" + TEXT), 2)
    assert not is_moved(parse(TEXT), parse("\n\n" + TEXT), 1)
    assert not is_moved(parse(TEXT), parse(TEXT.replace("      d", "\n      d")), 0)
    assert not is_moved(parse("- 1\n- 2"), parse("- 1\n\n- 2"), 0)
    assert not is_moved(parse("{a: 1}"), parse("[a]"), 0)
    assert is_moved(parse("a: true"), parse("a: true"), 0)


def test_a_value_with_a_repeated_key_is_never_the_same() -> None:
    assert not is_moved(parse("a: 1\na: 2"), parse("a: 1\na: 2"), 0)


def test_repeated_keys_are_found_at_any_depth() -> None:
    value = parse("a: 1\nb:\n  - x: 1\n    x: 2\na: 3\nc: [1.5]\n")
    assert list(repetitions(value)) == [("a", 4, 0), ("x", 3, 2)]


def test_entries_can_be_put_by_hand() -> None:
    value = LocatedMap(3)
    value.put("a", 1, 4)
    assert (value, value.lines, value.line) == ({"a": 1}, {"a": 4}, 3)
    assert LocatedList(2).line == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: {b: [{c: 1, d: 2}]}", []),
        ("a: {b: [{c: 1, c: 2}], b: 3}\ne: {f: 1}", [("b", 0, 0), ("c", 0, 0)]),
        ("a: &x {b: 1, b: 2}\nc: {d: *x}", [("b", 0, 0), ("b", 0, 0)]),
        ("a: &x {b: 1, b: 2}\nc:\n  d: {<<: *x}\n  e: [*x]", [("b", 0, 0), ("b", 0, 0)]),
        ("a: {b: &x {c: {d: 1, d: 2}}}\ne: {<<: *x}", [("d", 0, 0), ("d", 0, 0)]),
    ],
)
def test_repetitions_are_found_wherever_they_are_below(text: str, found: list[tuple[str, int, int]]) -> None:
    value = parse(text)
    assert list(repetitions(value)) == found


def test_what_repeats_nothing_is_known_not_to() -> None:
    value = parse("a: {b: {c: 1}}\nd: {e: 1, e: 2}")
    assert isinstance(value, LocatedMap)
    assert value.repeated == () and value["a"].repeated is None and value["d"].repeated == (("e", 1),)
