"""Functions of templates where Go's own answers are not in the table: limits, and values of odd kinds."""

from __future__ import annotations

import pytest

from tulle.kit.go_functions import FUNCTIONS
from tulle.kit.go_syntax import BadTemplate


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("index", ("abc", 7)),
        ("index", (3, 1)),
        ("slice", ([1], 2)),
        ("slice", (1,)),
        ("eq", (1,)),
        ("eq", (1, "1")),
        ("lt", ([], 1)),
        ("div", (1, 0)),
        ("mod", (1, 0)),
        ("first", (1,)),
        ("b64dec", ("%%",)),
        ("regexFind", ("(", "a")),
        ("regexReplaceAll", ("a", "a", "$5")),
        ("len", (3,)),
        ("until", (10**9,)),
    ],
)
def test_what_cannot_be(name: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(BadTemplate):
        FUNCTIONS[name](*arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("mul", (2**62, 4), 0),
        ("int", ("0x1f",), 31),
        ("int", ("08",), 8),
        ("int", (" 8",), 0),
        ("int", ([],), 0),
        ("float64", ("x",), 0.0),
        ("div", (-7, 2), -3),
        ("splitn", (".", 0, "a.b"), {}),
        ("split", ("", "ab"), {"_0": "a", "_1": "b"}),
        ("substr", (-1, 2, "abc"), "ab"),
        ("substr", (1, 99, "abc"), "bc"),
        ("regexReplaceAll", ("(?P<x>a)", "a\\", "${x}$$\\"), "a$\\\\"),
        ("printf", ("%q %t %.1f %% %d", "a", True, 1.25, "x"), '"a" true 1.2 % %!d(x)'),
        ("printf", ("%s",), "%!s(MISSING)"),
        ("last", ([],), None),
        ("toStrings", (None,), []),
        ("join", ("-", "a"), "a"),
    ],
)
def test_odd_ones(name: str, arguments: tuple[object, ...], expected: object) -> None:
    assert FUNCTIONS[name](*arguments) == expected
