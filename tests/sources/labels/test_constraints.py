from __future__ import annotations

import pytest

from tulle.sources.labels.constraints import MARATHON, BadConstraint, constraint

LABELS = {"env": "prod", "tier": "web-1", f"{MARATHON}0": "hostname:UNIQUE:"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", True),
        ("  ", True),
        ("Label(`env`,`prod`)", True),
        ('Label("env", "dev")', False),
        ("Label(`none`, ``)", True),
        ("!Label(`env`,`prod`)", False),
        ("!!Label(`env`,`prod`)", True),
        ("LabelRegex(`tier`, `^web-[0-9]+$`)", True),
        ("LabelRegex(`tier`, `eb`) && Label(`env`, `dev`)", False),
        ("Label(`env`,`dev`) || Label(`env`,`prod`)", True),
        ("Label(`a`,`b`) && Label(`a`,`b`) || Label(`env`,`prod`)", True),
        ("Label(`a`,`b`) && (Label(`a`,`b`) || Label(`env`,`prod`))", False),
        ('Label("env", "pr\\u006fd")', True),
        ("MarathonConstraint(`hostname:UNIQUE:`)", True),
        ("MarathonConstraint(`hostname:LIKE:a`)", False),
    ],
)
def test_what_they_say(expression: str, expected: bool) -> None:
    assert constraint(expression)(LABELS) is expected


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("Labl(`a`,`b`)", 'did you mean "Label"'),
        ("Label(`a`)", "with 1 texts instead of 2"),
        ("Label(`a`,`b`", "ends too early"),
        ("Label(`a`,`b`) Label(`a`,`b`)", "not understood from Label on"),
        ("Label(a,`b`)", "where a text is needed"),
        ('Label("\\q",`b`)', "which is no text"),
        ("Label(`a`,`b`) &", "not understood from & on"),
        ("Label(`a`;`b`)", "not understood from ;`b`"),
        ("Label(`a` `b`)", r"where \) is needed"),
        ("(Label(`a`,`b`)", "ends too early"),
        ("LabelRegex(`a`,`(`)", "no regular expression"),
        ("&& Label(`a`,`b`)", "where a function is needed"),
        ("!" * 60 + "Label(`a`,`b`)", "nested deeper"),
        ("(" * 60, "nested deeper"),
    ],
)
def test_what_cannot_be_understood(expression: str, sentence: str) -> None:
    with pytest.raises(BadConstraint, match=sentence):
        constraint(expression)
