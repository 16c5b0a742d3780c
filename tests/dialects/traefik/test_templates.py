from __future__ import annotations

import pytest

from tulle.dialects.traefik.templates import IN_HOST, IN_PATH, has_variables, pattern, problem, variables


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("/a", "/a"),
        ("/a.b+(c)", r"/a\.b\+\(c\)"),
        ("/{x}", "/(?:[^/]+)"),
        ("/{x:[0-9]+}/{y}.html", r"/(?:[0-9]+)/(?:[^/]+)\.html"),
        ("/{x:a{2}}b", "/(?:a{2})b"),
        ("/{x:a:b}", "/(?:a:b)"),
    ],
)
def test_variables_become_groups(template: str, found: str) -> None:
    assert pattern(template, IN_PATH) == found
    assert problem(template) == ""


def test_each_place_has_its_default() -> None:
    assert pattern("{x}.test", IN_HOST) == r"(?:[^.]+)\.test"


def test_names_are_before_the_colon() -> None:
    assert variables("/{x}/{y:[z]}") == {"x", "y"}
    assert variables("/a") == frozenset()
    assert has_variables("}") and not has_variables("/a")


BRACES = "has braces that do not match; write a variable as {name} or {name:regular expression}"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("/{x", BRACES),
        ("/x}", BRACES),
        ("/}{", BRACES),
        ("/{}", "has {}, which lacks a name or a regular expression; write {name} or {name:[a-z]+}"),
        ("/{:a}", "has {:a}, which lacks a name or a regular expression; write {name} or {name:[a-z]+}"),
        ("/{x:}", "has {x:}, which lacks a name or a regular expression; write {name} or {name:[a-z]+}"),
        ("/{x:(}", "has {x:(}, and ( is not a regular expression (RE2): missing ): ("),
        (
            "/{x:a{1000}}{y:a{1000}}",
            "is too large a regular expression: it has 2005 instructions, and Envoy takes 1900",
        ),
    ],
)
def test_mistakes_are_told(template: str, sentence: str) -> None:
    assert problem(template) == sentence
