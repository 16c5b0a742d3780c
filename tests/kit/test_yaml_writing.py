from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.located_yaml import parse
from tulle.kit.yaml_writing import WIDTH, Commented, rendered

SCALARS = st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=12) | st.floats(-9, 9, width=16)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=4),
    max_leaves=12,
)
DATA = st.dictionaries(st.text(alphabet="abcdefgh_-: #0", min_size=1, max_size=6), VALUES, min_size=1, max_size=4)


@given(DATA, st.integers(0, 3))
def test_what_is_written_is_read_back(data: dict[str, Any], block: int) -> None:
    assert parse(rendered(data, block)) == data


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("web", "web"),
        ("/api/*", "/api/*"),
        ("a: b", '"a: b"'),
        ("a #b", '"a #b"'),
        ("a ", '"a "'),
        ("12", '"12"'),
        ("true", '"true"'),
        ("", '""'),
        ("*", '"*"'),
        ("ü", '"ü"'),
        ("a\x85b\ufeff", '"a\\u0085b\\ufeff"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [1, {"b": "c"}]}, "{a: [1, {b: c}]}"),
    ],
)
def test_quotes_stand_only_where_they_are_needed(value: object, written: str) -> None:
    assert rendered({"x": value}) == f"x: {written}\n"


def test_the_first_levels_have_a_line_for_each_entry() -> None:
    data = {"services": {"web": {"port": 1}}, "routes": [{"to": "web"}]}
    assert rendered(data, block=2) == "services:\n  web: {port: 1}\nroutes:\n  - {to: web}\n"
    assert rendered(data, block=1) == "services: {web: {port: 1}}\nroutes: [{to: web}]\n"


def test_what_is_too_large_for_a_line_has_several() -> None:
    many = {str(index): index for index in range(9)}
    assert rendered({"x": [many]}).splitlines()[1:3] == ['  - "0": 0', '    "1": 1']
    deep = {"a": {"b": {"c": {"d": 1}}}}
    assert rendered(deep) == "a: {b: {c: {d: 1}}}\n"
    assert rendered({"x": deep}) == "x:\n  a: {b: {c: {d: 1}}}\n"
    long = ["y" * WIDTH]
    assert rendered({"x": long}) == f"x:\n  - {long[0]}\n"


def test_comments_stand_above_what_they_are_about() -> None:
    data = {
        "services": Commented({"web": Commented({"port": 1}, ("from here", "and\nthere\u2028 "))}, ("all",)),
        "routes": [Commented({"to": "web"}, ("first",)), {"rules": [Commented(1, ("deep",))]}],
    }
    assert rendered(data) == (
        "# all\nservices:\n  # from here\n  # and there\n  web: {port: 1}\n"
        "routes:\n  # first\n  - {to: web}\n  - rules:\n      # deep\n      - 1\n"
    )
    assert parse(rendered(data)) == {"services": {"web": {"port": 1}}, "routes": [{"to": "web"}, {"rules": [1]}]}
