from __future__ import annotations

import pytest

from tulle.dialects.patterns import LARGEST, finds, problem


@pytest.mark.parametrize("pattern", ["", "^/a", r"\pL+", r"(?i)a(?-i)b", "[[:alpha:]]", r"\Qa.b\E", r"a\z", "(?<x>a)"])
def test_what_envoy_runs_is_right(pattern: str) -> None:
    assert problem(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("(a", "is not a regular expression (RE2): missing ): (a"),
        ("a++", "is not a regular expression (RE2): bad repetition operator: ++"),
        ("(?=a)", "is not a regular expression (RE2): invalid perl operator: (?="),
        (r"\1", r"is not a regular expression (RE2): invalid escape sequence: \1"),
    ],
)
def test_what_envoy_does_not_know_is_told(pattern: str, sentence: str) -> None:
    assert problem(pattern) == sentence


def test_what_envoy_finds_too_large_is_told() -> None:
    assert (
        problem("a" * 5000) == f"is too large a regular expression: it has 5004 instructions, and Envoy takes {LARGEST}"
    )


def test_a_part_is_enough() -> None:
    assert finds("b", "abc")
    assert not finds("^b", "abc")
