from __future__ import annotations

import tomllib
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.kit.located import LocatedMap, line_of
from tulle.kit.located_toml import parse
from tulle.kit.located_yaml import Malformed

TEXT = dedent(
    '''\
    # A comment = [ before
    title = 1 # and after
    "a.b" = """
    x = 3
    """
    list = [ # [
      "a]", # ]
      { x = 1 , y = [1, 2]},
      [3,
       4],
    ]
    flat = ['one', 'two']

    [tables.'u v'.inner]
      e = { f = "#", g = 'h' }
    [[rows]]
    [[rows]]
    deep.key = 2
    [rows.sub]
    day = 1979-05-27
    '''
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("a.b",), 2),
        (("list",), 5),
        (("list", 0), 6),
        (("list", 1), 7),
        (("list", 1, "y"), 7),
        (("list", 2), 8),
        (("flat", 1), 11),
        (("tables",), 13),
        (("tables", "u v", "inner", "e", "g"), 14),
        (("rows",), 15),
        (("rows", 0), 15),
        (("rows", 1), 16),
        (("rows", 1, "deep", "key"), 17),
        (("rows", 1, "sub"), 18),
        (("rows", 1, "sub", "day"), 19),
    ],
)
def test_every_value_knows_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(parse(TEXT), path) == line


def test_values_are_those_of_the_standard_library_and_days_are_text() -> None:
    data = parse(TEXT)
    assert isinstance(data, LocatedMap)
    wanted = tomllib.loads(TEXT)
    wanted["rows"][1]["sub"]["day"] = "1979-05-27"
    assert data == wanted


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a = 1\na = 2\n", 1, "not TOML: Cannot overwrite a value"),
        ("x = [1,", 0, "not TOML: Invalid value"),
        ("a = 1\n=\n", 1, "not TOML: Invalid statement"),
        ('a = 1\nb = "', 1, "not TOML: Unterminated string"),
        ("a = " + "[" * 100 + "]" * 100, 0, "nested deeper than 64 levels"),
        ("a = " + "[" * 5000, 0, "nested deeper than 64 levels"),
        (".".join("a" * 100) + " = 1", 0, "nested deeper than 64 levels"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(Malformed, match=message) as caught:
        parse(text)
    assert caught.value.line == line


KEYS = st.text("abc-", min_size=1, max_size=3) | st.text(max_size=4)
SCALARS = st.integers(-9, 9) | st.booleans() | st.text(max_size=5)


def written(text: str) -> str:
    """A basic string; what must be escaped is."""
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or c in '"\\\x7f' else c for c in text) + '"'


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, st.lists(SCALARS, max_size=3) | SCALARS, max_size=4), max_size=4))
def test_lines_of_any_tables(tables: dict[str, dict[str, object]]) -> None:
    lines: list[str] = []
    expected: dict[tuple[str | int, ...], int] = {}
    for name, table in tables.items():
        expected[(name,)] = len(lines)
        lines.append(f"[{written(name)}] # ]")
        for key, value in table.items():
            expected[(name, key)] = len(lines)
            if isinstance(value, list):
                lines.append(f"{written(key)} = [")
                for index, item in enumerate(value):
                    expected[(name, key, index)] = len(lines)
                    lines.append(f" {_scalar(item)},")
                lines.append("]")
            else:
                lines.append(f"{written(key)} = {_scalar(value)}")
    data = parse("\n".join(lines))
    assert data == tables
    assert {path: line_of(data, path) for path in expected} == expected


def _scalar(value: object) -> str:
    return written(value) if isinstance(value, str) else str(value).lower()
