from __future__ import annotations

import pytest

from tulle.envoy.steps.names import Names, lua_patterns


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("^X-A", ("^X%-A",)),
        ("X-.*$", ("X%-.*$",)),
        ("^X-(User|Group)$", ("^X%-User$", "^X%-Group$")),
        ("^(?:X-Auth-[A-Z0-9_]+)", ("^X%-Auth%-[A-Z0-9_]+",)),
        ("ab|cd", ("ab", "cd")),
        (r"\d\w[^\s]", ("[%d][%w_][^%s]",)),
        ("[^a]?b{2}", ("[^a]?bb",)),
        ("(ab)?", ("", "ab")),
        ("[^ab]", ("[^ab]",)),
        (r"\ba", ("a",)),
    ],
)
def test_patterns_of_names_become_patterns_of_lua(pattern: str, found: tuple[str, ...]) -> None:
    assert lua_patterns(pattern) == Names(found, is_folded=False)


def test_patterns_for_which_the_case_does_not_matter_are_for_lower_case() -> None:
    assert lua_patterns("(?i)^X-[A-Z]+") == Names(("^x%-[a-z]+",), is_folded=True)


@pytest.mark.parametrize(
    "pattern", ["(ab)*", "(", r"[\D]", "(?=a)", "[a-z]{2}" + "(ab|cd)" * 7, "(a{3,}b){2,}", "(ab|cd){30}", "X-(?i:a)"]
)
def test_what_lua_cannot_do_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"Lua|read|alternatives"):
        lua_patterns(pattern)


def test_classes_with_names_are_an_error() -> None:
    with pytest.raises(ValueError, match="alpha"):
        lua_patterns("^X-[[:alpha:]]+")
