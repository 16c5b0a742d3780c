"""Templates become what Go makes of them, within bounds."""

from __future__ import annotations

import pytest

from tests.kit.go_templates import CASES, CONTAINER, LABELS, NAME
from tulle.kit.go_syntax import BadTemplate
from tulle.kit.go_template import Template
from tulle.kit.go_values import Structure, Texts

VALUES = Structure(Name=NAME, ContainerName=CONTAINER, Labels=Texts(LABELS))


def filled(text: str) -> str:
    return Template(text, {"normalize": lambda name: name.replace("_", "-")}).filled(VALUES)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_as_go(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(BadTemplate):
            filled(text)
    else:
        assert filled(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ .Nmae }}", r"there is no .Nmae; there are .Name, .ContainerName, .Labels"),
        ("{{ .Name.x }}", r"a value has no .x"),
        ("{{ fail `no` }}", "fail: no"),
        ("{{ upper 1 }}", "a text is needed"),
        ("{{ substr `a` 1 2 }}", 'substr cannot be called with "a", 1, 2'),
        ("{{ range .Name }}{{ end }}", "range needs a list"),
        ("{{ and }}", "and needs an argument"),
        ("{{ set (dict) `a` 1 }}", "write dict"),
    ],
)
def test_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(BadTemplate, match=sentence):
        filled(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}",
        "{{ range 1000000000 }}{{ end }}",
        "{{ repeat 1000000000 `a` }}",
        "{{ range 2000 }}" + "x" * 100 + "{{ end }}",
        "{{ indent 1000000 `a` }}",
        "{{ $x := list 1 }}{{ range 30 }}{{ $x = concat $x $x }}{{ end }}",
        "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
        "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}",
        "{{ printf `%100000d` 1 }}",
        "{{ replace `` (repeat 1000 `a`) (repeat 1000 `b`) }}",
        "{{ $x := `a` }}{{ range 30 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := 3 }}{{ range 10000 }}{{ $x = mul $x $x }}{{ end }}{{ len (repeat 70000 `a`) }}",
    ],
)
def test_time_and_size_have_bounds(text: str) -> None:
    with pytest.raises(BadTemplate, match=r"longer than|more than|too large"):
        filled(text)


def test_what_is_nested_too_deeply() -> None:
    def recurse(_: object) -> str:
        raise RecursionError

    with pytest.raises(BadTemplate, match="too deeply"):
        Template("{{ f 1 }}", {"f": recurse}).filled(VALUES)
    with pytest.raises(BadTemplate, match="more than 3 steps"):
        Template("a{{ 1 }}b{{ 2 }}", most_steps=3).filled(VALUES)
    with pytest.raises(BadTemplate, match="its result is longer than 1 KiB"):
        Template("{{ range until 9 }}" + 200 * "x" + "{{ end }}", longest=1024).filled(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ len list }}", "0"),
        ("{{ range .Labels.zz }}x{{ else }}n{{ end }}", "n"),
        ("{{ index .Name 0 }}", "97"),
    ],
)
def test_more_that_go_does(text: str, expected: str) -> None:
    assert filled(text) == expected
