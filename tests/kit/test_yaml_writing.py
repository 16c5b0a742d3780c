from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.located_yaml import parse
from tulle.kit.yaml_writing import Commented, rendered

TRAPS = ("yes", "null", "~", "1:30", "0x1", "1e3", "- a", "a: b", "#", "*.a", "a #b")
TEXTS = st.one_of(st.text(), st.sampled_from(TRAPS))
KEYS = TEXTS.filter(lambda text: text != "<<")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), TEXTS)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), VALUES, max_size=4), st.integers(1, 3))
def test_what_is_written_is_read_as_it_was(data: dict[str, Any], block: int) -> None:
    text = rendered(data, block)
    assert parse(text) == (data or None)


def test_small_things_are_in_one_line_and_names_have_their_own() -> None:
    data = {
        "services": {
            "web": {"port": 80, "command": "python web.py --fast"},
            "api": {"routes": [{"match": {"path": "/a"}, "to": "web:80"}, {"a": {"b": {"c": {"d": 1}}}}]},
            "many": dict.fromkeys("abcdefghi", "x"),
        },
        "empty": {},
    }
    assert rendered(data, block=2).splitlines() == [
        "services:",
        "  web: {port: 80, command: python web.py --fast}",
        "  api:",
        "    routes:",
        "      - {match: {path: /a}, to: web:80}",
        "      - a: {b: {c: {d: 1}}}",
        "  many:",
        *(f"    {letter}: x" for letter in "abcdefghi"),
        "empty: {}",
    ]


def test_comments_stand_above_what_they_are_about() -> None:
    data = {
        "a": Commented({"b": 1}, ("one", "two\nlines", "")),
        "c": [Commented(1, ("first",)), [Commented({"d": 2}, ("x",))]],
    }
    assert rendered(data).splitlines() == [
        "# one",
        "# two lines",
        "#",
        "a: {b: 1}",
        "c:",
        "  # first",
        "  - 1",
        "  - # x",
        "    - {d: 2}",
    ]


def test_what_is_wide_is_not_in_one_line() -> None:
    assert rendered({"a": {"b": "x" * 120}}).splitlines() == ["a:", f"  b: {'x' * 120}"]
