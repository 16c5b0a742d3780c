from __future__ import annotations

import pytest

from tulle.envoy.steps.patterns import groups, substitution


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("abc", ()),
        ("(a)(?:b)(?P<n>c)(?<m>d)", ("", "n", "m")),
        (r"\((a)[(](b)", ("", "")),
        ("[]()](a)", ("",)),
        ("[^]()](a)", ("",)),
    ],
)
def test_groups_are_counted_as_re2_does(pattern: str, names: tuple[str, ...]) -> None:
    assert groups(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "replacement", "written"),
    [
        ("(a)(b)", "$2/$1", r"\2/\1"),
        ("(a)", "${1}x", r"\1x"),
        ("(a)", "$1x", ""),
        ("(?P<n>a)", "$n-${n}", r"\1-\1"),
        ("a", "$1", ""),
        ("a", "[$0]", r"[\0]"),
        ("a", "$$ $", "$ $"),
        ("a", "\\1", r"\\1"),
        ("a", "$x", ""),
    ],
)
def test_replacements_mean_what_they_mean_in_go(pattern: str, replacement: str, written: str) -> None:
    assert substitution(pattern, replacement) == written


def test_groups_beyond_the_ninth_cannot_be_named() -> None:
    with pytest.raises(ValueError, match="beyond the ninth"):
        substitution("(a)" * 10, "$10")


def test_replacements_are_one_line() -> None:
    with pytest.raises(ValueError, match="one line"):
        substitution("a", "b\n")
