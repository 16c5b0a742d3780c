"""What the parser of templates refuses, and the words that it has for it. (What it accepts is in test_go_template.)"""

from __future__ import annotations

import pytest

from tulle.kit.go_syntax import BadTemplate, Chain, Print, parsed


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ .Name ", "has no end"),
        ("{{ foo }}", "the function foo is not known"),
        ("{{ if .A }}x", "has no {{ end }}"),
        ("{{ if .A }}x{{ else }}y", "the {{ else }} of {{ if … }} has no {{ end }}"),
        ("{{ end }}", "stands where nothing is open"),
        ("{{ else }}", "stands where nothing is open"),
        ("{{ range .A }}{{ else if .B }}{{ end }}", "makes no sense after"),
        ("{{ if .A }}{{ else with .B }}{{ end }}", "makes no sense after"),
        ("{{ define `x` }}{{ end }}", "named templates"),
        ("{{ break }}", "outside of a range"),
        ("{{ }}", "a value is missing"),
        ("{{ .A .B }}", "no function"),
        ("{{ f | .A }}", "must stand a function"),
        ("{{ (f }}", r"a \( has no \)"),
        ("{{ f ) }}", r"\) is not expected"),
        ("{{ f , }}", "is not expected"),
        ("{{ # }}", "makes no sense"),
        ("{{ $x }}", r"\$x is not defined"),
        ("{{ $x = 1 }}", r"\$x is not defined"),
        ('{{ "\\q" }}', "is no text"),
        ("{{ 'ab' }}", "no single character"),
        ("{{ if f }}" * 60, "nested deeper"),
        ("{{ " + "(" * 60, "no end"),
        ("{{ " + "(" * 60 + "f" + ")" * 60 + " }}", "nested deeper"),
        ("x" * 70_000, "longer than"),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadTemplate, match=sentence):
        parsed(text, {"f"})


def test_fields_stand_behind_parentheses_or_apart() -> None:
    (node,) = parsed("{{ f (f).a .b }}", {"f"})
    assert isinstance(node, Print)
    _, inner, apart = node.pipe.commands[0]
    assert isinstance(inner, Chain)
    assert inner.fields == ("a",)
    assert apart == Chain(None, ("b",))
