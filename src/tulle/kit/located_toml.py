"""Read TOML into plain values that know their lines, as those of YAML do. Bounded, and never executes anything.

The values are those of the standard library; where they stand is found by a scan of a text that is known to be valid.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from tulle.kit.located import LocatedList, LocatedMap
from tulle.kit.located_yaml import DEEPEST, Malformed

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_PATH = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_STATEMENT = re.compile(
    rf"(?:\s++|#[^\n]*+)*+(?:\[\[[ \t]*(?P<item>{_PATH})[ \t]*\]\]|\[[ \t]*(?P<table>{_PATH})[ \t]*\]"
    rf"|(?P<key>{_PATH})[ \t]*=)"
)
_PART = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|(?P<comment>#[^\n]*)'
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<newline>\n)|[^\"'#\[\]{},\n]+",
    re.DOTALL,
)
_DEEP = re.compile(rf"^[ \t\[]*+(?:{_KEY}[ \t]*+\.[ \t]*+){{{DEEPEST}}}", re.MULTILINE)
"""Asked before parsing, which takes time in proportion to the square of a key's parts."""
_SIMPLE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def parse(text: str) -> LocatedMap:
    """The value of a text, mappings and lists with their lines, from 0.

    Raises:
        Malformed: it is not TOML, or is nested too deep.
    """
    if deep := _DEEP.search(text):
        raise Malformed(text.count("\n", 0, deep.start()), f"nested deeper than {DEEPEST} levels")
    try:
        data = tomllib.loads(text)
        lines: dict[Place, int] = {}
        for place, line in _lines(text):
            for length in range(len(place), 0, -1):
                if lines.setdefault(place[:length], line) != line:
                    break
        return _located(data, (), 0, lines, 0)
    except tomllib.TOMLDecodeError as error:
        where = _WHERE.search(str(error))
        line = int(where[1]) - 1 if where and where[1] else text.rstrip().count("\n")
        raise Malformed(line, f"not TOML: {_WHERE.sub('', str(error))}") from error
    except RecursionError as error:
        raise Malformed(0, f"nested deeper than {DEEPEST} levels") from error


def _located(data: dict[str, object], place: Place, line: int, lines: dict[Place, int], depth: int) -> LocatedMap:
    if depth >= DEEPEST:
        raise Malformed(line, f"nested deeper than {DEEPEST} levels")
    result = LocatedMap(line)
    for key, value in data.items():
        here = lines.get((*place, key), line)
        result.put(key, _value(value, (*place, key), here, lines, depth), here)
    return result


def _value(value: object, place: Place, line: int, lines: dict[Place, int], depth: int) -> object:
    if isinstance(value, dict):
        return _located(value, place, line, lines, depth + 1)
    if isinstance(value, list):
        if depth >= DEEPEST:
            raise Malformed(line, f"nested deeper than {DEEPEST} levels")
        result = LocatedList(line)
        for index, item in enumerate(value):
            here = lines.get((*place, index), line)
            result.lines.append(here)
            result.append(_value(item, (*place, index), here, lines, depth + 1))
        return result
    # Times of day are text where configuration is concerned.
    return value if isinstance(value, str | int | float) else str(value)


def _lines(text: str) -> Iterator[tuple[Place, int]]:
    """Where tables, keys and items of lists stand."""
    counts: dict[Place, int] = {}
    table: Place = ()
    position = line = 0
    while (statement := _STATEMENT.match(text, position)) is not None:
        start = statement.start(statement.lastgroup or 0)
        line += text.count("\n", position, start)
        position = statement.end()
        if statement.lastgroup == "item":
            whole = _reached(_keys(statement["item"]), counts)
            index = counts[whole] = counts.get(whole, -1) + 1
            yield whole, line
            table = (*whole, index)
            yield table, line
        elif statement.lastgroup == "table":
            table = _reached(_keys(statement["table"]), counts)
            yield table, line
        else:
            place = (*table, *_keys(statement["key"]))
            yield place, line
            end, items = _value_from(text, position)
            for index, item in enumerate(items):
                line += text.count("\n", position, item)
                yield (*place, index), line
                position = item
            line += text.count("\n", position, end)
            position = end


def _keys(path: str) -> Place:
    if _SIMPLE.fullmatch(path):
        return tuple(path.split("."))
    value: object = tomllib.loads(f"{path} = 0")
    keys: list[str] = []
    while isinstance(value, dict):
        keys += value
        (value,) = value.values()
    return tuple(keys)


def _reached(keys: Place, counts: dict[Place, int]) -> Place:
    """Where a header leads: within lists of tables to the last item so far; the last key stays as it is."""
    place: Place = ()
    for key in keys[:-1]:
        place = (*place, key)
        if place in counts:
            place = (*place, counts[place])
    return (*place, keys[-1])


def _value_from(text: str, start: int) -> tuple[int, list[int]]:
    """Where a value ends, and where its items begin if it is a list."""
    depth, items, is_new = 0, [], False
    position = start
    while (part := _PART.match(text, position)) is not None:
        if is_new and depth == 1 and part.lastgroup in {None, "open"} and not part[0].isspace():
            items.append(position)
            is_new = False
        match part.lastgroup:
            case "open":
                depth += 1
                is_new |= depth == 1 and part[0] == "["
            case "close":
                depth -= 1
            case "comma":
                is_new = depth == 1 and bool(items)
            case "newline" if depth == 0:
                break
        position = part.end()
    return position, items
