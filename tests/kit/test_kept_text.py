from __future__ import annotations

from tulle.kit.kept_text import KeptText
from tulle.kit.located import LocatedMap, is_moved
from tulle.kit.located_yaml import parse


def kept(text: str) -> tuple[KeptText, LocatedMap]:
    value = parse(text)
    value = value if isinstance(value, LocatedMap) else LocatedMap(0)
    return KeptText(text, value), value


def test_what_was_parsed_is_not_parsed_again() -> None:
    text, value = kept("a: 1\n")
    assert text.value is value


def test_what_was_forgotten_is_the_same_again_with_its_lines() -> None:
    text, value = kept("# First.\na:\n- b: 1\n\n- 2\n")
    text.forget()
    again = text.value
    assert again is not value and again == value and is_moved(value, again, 0)
    assert text.value is again


def test_a_text_without_anything_is_an_empty_mapping() -> None:
    text, _ = kept("# Nothing.\n")
    text.forget()
    assert text.value == {}
