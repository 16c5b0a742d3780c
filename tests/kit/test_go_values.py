from __future__ import annotations

import pytest

from tulle.kit.go_syntax import BadTemplate
from tulle.kit.go_values import Structure, Texts, check_size, is_true, shown


def test_values_are_shown_as_go_prints_them() -> None:
    assert shown(None) == "<no value>"
    assert shown([1, "a", True, 2.5, {"b": 1, "a": 2}]) == "[1 a true 2.5 map[a:2 b:1]]"
    assert shown(Structure(a=1, b="x")) == "{1 x}"
    assert shown(1e22) == "1.000000e+22"


def test_what_counts_as_true() -> None:
    assert is_true(Structure())
    assert not is_true(Texts())
    assert not is_true(0)


def test_a_value_that_holds_itself_many_times() -> None:
    value: object = "x"
    for _ in range(40):
        value = [value, value]
    with pytest.raises(BadTemplate, match="parts"):
        check_size(value)
