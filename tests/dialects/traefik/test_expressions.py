from __future__ import annotations

import pytest

from tulle.dialects.traefik.expressions import And, Expression, Matcher, Not, Or

A, B, C = (Matcher("Host", (name,)) for name in "abc")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Matcher("Header", ("x", "y")), "Header(`x`, `y`)"),
        (Not(A), "!Host(`a`)"),
        (Not(Not(A)), "!!Host(`a`)"),
        (Not(And((A, B))), "!(Host(`a`) && Host(`b`))"),
        (And((A, B, C)), "Host(`a`) && Host(`b`) && Host(`c`)"),
        (And((A, Or((B, C)))), "Host(`a`) && (Host(`b`) || Host(`c`))"),
        (And((A, And((B, C)))), "Host(`a`) && (Host(`b`) && Host(`c`))"),
        (Or((A, And((B, C)))), "Host(`a`) || Host(`b`) && Host(`c`)"),
        (Or((Or((A, B)), Not(C))), "(Host(`a`) || Host(`b`)) || !Host(`c`)"),
    ],
)
def test_parentheses_stand_where_they_are_needed(expression: Expression, text: str) -> None:
    assert str(expression) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (r'\d"', r'Path(`\d"`)'),
        ("a`b", 'Path("a`b")'),
        ('`"\\', r'Path("`\"\\")'),
        ("`\n\0\ufeff", r'Path("`\u000a\u0000\ufeff")'),
        ("\r", r'Path("\u000d")'),
        ("a\nb", "Path(`a\nb`)"),
    ],
)
def test_texts_are_quoted_as_go_reads_them(value: str, text: str) -> None:
    assert str(Matcher("Path", (value,))) == text
