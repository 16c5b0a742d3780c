from __future__ import annotations

import pytest

from tulle.envoy.steps.patterns import groups, substitution


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a", ()),
        ("(a)(?:b)(?P<c>d)(?<e>f)", ("", "c", "e")),
        (r"\((a)", ("",)),
        ("[(](a)", ("",)),
        ("([^/:]+):([0-9]+)/(.*)", ("", "", "")),
        ("[]()](a)", ("",)),
    ],
)
def test_groups(pattern: str, names: tuple[str, ...]) -> None:
    assert groups(pattern) == names


@pytest.mark.parametrize(
    ("pattern", "replacement", "expected"),
    [
        ("(a)", "/$1", r"/\1"),
        ("(a)", "/${1}x", r"/\1x"),
        ("(a)", "/$1x", "/"),
        ("(?P<n>a)", "$n$m", r"\1"),
        ("a", "$$", "$"),
        ("a", "a$", "a$"),
        ("a", "\\", "\\\\"),
        ("a", "$0", r"\0"),
    ],
)
def test_substitutions(pattern: str, replacement: str, expected: str) -> None:
    assert substitution(pattern, replacement) == expected


def test_too_many_groups() -> None:
    with pytest.raises(ValueError, match="beyond the ninth"):
        substitution("(a)" * 10, "$10")
