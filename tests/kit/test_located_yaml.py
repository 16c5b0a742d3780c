from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit import located_yaml
from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import Malformed, Piece, parse, pieces


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing", None),
        ("on", "on"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("nullable", "nullable"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("9" * 50, "9" * 50),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("''", ""),
        ("[]", []),
        ("{}", {}),
        ("500ms", "500ms"),
        ("-", [None]),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("{on: 1, 500: 2, null: 3, true: 4}", {"on": 1, "500": 2, "null": 3, "true": 4}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x b\n*x : 1", {"a": "b", "b": 1}),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("a: &x {b: 1}\nd: {<<: [*x, {e: 2}]}", {"a": {"b": 1}, "d": {"b": 1, "e": 2}}),
        ("a: 1\na: 2", {"a": 1}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert parse(text) == value
    assert type(parse(text)) is type(value) or isinstance(value, dict | list)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a:\n\tb: 1", 1, "begin with this character"),
        ("a: b: c", 0, 'a ":" too many'),
        ("a:\n  - [1, 2\nb: 1", 1, "no closing ]"),
        ("a:\n  - {b: 1\nc: 1", 1, "no closing }"),
        ("x: 1\na: 'text\nb: 1", 1, "never closed"),
        ("- a\nb: 1", 1, "a list item"),
        ("a: *b", 0, "*b refers to an anchor"),
        ("a: &b [*b]", 0, "used within itself"),
        ("? [a]\n: 1", 0, "a key must be text"),
        ("a: &x [1]\n*x : 1", 1, "a key must be text"),
        ("a: !!python/object:os.system ls", 0, "not supported"),
        ("a: 1\nb: {<<: 1}", 1, "<< takes a mapping"),
        ("a: 1\n...\nb: 1", 2, 'write "---"'),
        ("a: 1\nb: \x07", 1, "unprintable character (code 7)"),
        ("[" * 70 + "]" * 70, 0, "nested deeper than 64"),
        ('a: "\\q"', 0, "escape"),
        ("a: 1\n b: 1", 1, "too many"),
        ("%FOO\n%BAR\n@", 0, "not YAML"),
        ("a: \ufffe", 0, "not YAML"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(text: str, line: int, part: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert caught.value.line == line
    assert part in caught.value.message


def test_aliases_cannot_grow_without_bounds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(Malformed, match="aliases repeat more than"):
        parse("\n".join(lines))


def test_no_text_takes_more_time_than_its_length_is_worth() -> None:
    value = parse("a: 1\n" * 200_000)
    assert isinstance(value, LocatedMap)
    assert value.repeated is not None and len(value.repeated) == located_yaml.MOST_NOTED
    with pytest.raises(Malformed, match="lines begin with %"):
        parse("".join(f"%TAG !a{i}! x\n" for i in range(20)) + "---\na: 1\n")


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located_yaml, "MOST_VALUES", 10)
    assert parse("[1, 2, 3]") == [1, 2, 3]
    with pytest.raises(Malformed, match="more than 10 values") as caught:
        parse("- 1\n" * 20)
    assert caught.value.line == 9


def test_merge_keys_count_as_what_they_repeat() -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{i}: {i}" for i in range(400)) + "}"]
    lines += [f"a{i}: {{<<: *a0}}" for i in range(1, 400)]
    with pytest.raises(Malformed, match="aliases repeat more than"):
        parse("\n".join(lines))


def test_lines_are_those_of_keys_and_items() -> None:
    value = parse("a: 1\nb:\n  - x\n\n  - y\n")
    assert isinstance(value, LocatedMap)
    assert value.lines == {"a": 0, "b": 1}
    assert value["b"].lines == [2, 4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# only\n", []),
        ("a", [Piece(0, "a")]),
        ("a\n---\nb\n", [Piece(0, "a\n"), Piece(1, "---\nb\n")]),
        ("# comment\n---\na\n", [Piece(0, "# comment\n---\na\n")]),
        ("%YAML 1.2\n---\na\n", [Piece(0, "%YAML 1.2\n---\na\n")]),
        ("---\n---\na\n---\n", [Piece(1, "---\na\n")]),
        ("--- a\n--- b\n", [Piece(0, "--- a\n"), Piece(1, "--- b\n")]),
        ("a: |\n  ---\n  x\n---x: 1\n", [Piece(0, "a: |\n  ---\n  x\n---x: 1\n")]),
        ("a: 1\r\n---\r\nb: 1\r\n", [Piece(0, "a: 1\r\n"), Piece(1, "---\r\nb: 1\r\n")]),
    ],
)
def test_documents_are_cut_at_their_markers(text: str, expected: list[Piece]) -> None:
    assert list(pieces(text)) == expected


@given(st.text(alphabet="ab:-[]{}&*!#|>'\"%,? \n\t0.~<", max_size=60))
def test_any_text_is_a_value_or_malformed(text: str) -> None:
    for piece in pieces(text):
        try:
            parse(piece.text)
        except Malformed as error:
            assert 0 <= error.line <= piece.text.count("\n")


LETTERS = st.characters(categories=("L", "N", "P", "S", "Zs"))
TEXT = st.text(LETTERS, max_size=8)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), TEXT)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))


@given(VALUES)
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse(json.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize("text", ["web", "on", "1:30", "2026-01-01", "0x", "nullable"])
def test_some_scalars_are_text_without_quotes(text: str) -> None:
    assert located_yaml.is_text(text) and parse(text) == text


@pytest.mark.parametrize("text", ["12", "-7", "1.5", "true", "null", "~"])
def test_others_would_be_something_else(text: str) -> None:
    assert not located_yaml.is_text(text) and parse(text) != text
