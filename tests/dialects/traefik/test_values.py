from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from tulle.dialects.traefik.values import Count, Flag, Items, Present, Seconds, Text, Texts, TraefikSpec, Whole


class Everything(TraefikSpec):
    flag: Flag = False
    whole: Whole = 0
    count: Count = 0
    seconds: Seconds = 0.0
    text: Text = ""
    texts: Texts = ()
    items: Annotated[tuple[int, ...], Items] = ()


def value(name: str, given: object) -> Any:
    return getattr(Everything.model_validate({name: given}), name)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("flag", True, True),
        ("flag", "T", True),
        ("flag", "0", False),
        ("whole", "-5", -5),
        ("whole", 5, 5),
        ("count", "7", 7),
        ("seconds", 3, 3.0),
        ("seconds", "3", 3.0),
        ("seconds", "1m30s", 90.0),
        ("seconds", "100us", 0.0001),
        ("text", True, "true"),
        ("text", 5, "5"),
        ("text", "a", "a"),
        ("texts", "a, b", ("a", "b")),
        ("texts", "", ()),
        ("texts", ["a", 1], ("a", "1")),
    ],
)
def test_values_as_labels_and_files_write_them(name: str, given: object, expected: object) -> None:
    assert value(name, given) == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("flag", "yes", 'must be true or false, not "yes"'),
        ("flag", {}, "must be true or false, not a mapping"),
        ("whole", "1.5", 'must be a whole number, not "1.5"'),
        ("whole", True, "must be a whole number, not true"),
        ("seconds", "1y", 'must be a duration such as 500ms, 2s or 1m30s, not "1y"'),
        ("seconds", [], "must be a duration such as 500ms, 2s or 1m30s, not a list"),
        ("seconds", "-1.5s", 'must not be negative, as "-1.5s" is'),
        ("seconds", 10**30, f"is too long: {10**30}; a duration has at most 285 years"),
        ("whole", 1 << 63, f"must be a whole number that fits in 64 bits, not {1 << 63}"),
        ("text", [], "must be text, not a list"),
        ("texts", 5, "must be a list, not 5"),
    ],
)
def test_mistakes(name: str, given: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        value(name, given)
    assert caught.value.errors()[0]["msg"] == sentence


def test_counts_are_not_negative() -> None:
    with pytest.raises(ValidationError):
        value("count", "-1")


def test_sections_that_may_say_nothing() -> None:
    assert Present.func(None) == {}  # type: ignore[call-arg]
    assert Present.func(False) is None  # type: ignore[call-arg]
    assert Present.func("0") is None  # type: ignore[call-arg]
    assert Present.func(True) == {}  # type: ignore[call-arg]
    assert Present.func("true") == {}  # type: ignore[call-arg]
    assert Present.func({"a": 1}) == {"a": 1}  # type: ignore[call-arg]


def test_lists_of_mappings_are_lists() -> None:
    with pytest.raises(ValidationError) as caught:
        value("items", "x")
    assert caught.value.errors()[0]["msg"] == 'must be a list, not "x"'
    assert value("items", [1, 2]) == (1, 2)
    assert value("items", {}) == ()
