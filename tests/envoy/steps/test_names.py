from __future__ import annotations

import pytest

from tulle.envoy.steps.names import lua_patterns


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
    assert lua_patterns(pattern) == found


@pytest.mark.parametrize("pattern", ["(ab)*", "(", r"[\D]", "(?=a)", "[a-z]{2}" + "(ab|cd)" * 7, "(a{3,}b){2,}"])
def test_what_lua_cannot_do_is_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"Lua|read|alternatives"):
        lua_patterns(pattern)
