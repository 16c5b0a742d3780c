"""Flat keys, as key-value stores and labels have them, and the nested values that they stand for. Pure.

Both `shop/routers/x/rule` and `shop.routers.x.rule` say `routers: {x: {rule: …}}`. Which mappings are really lists is
known to nobody here: an index is a key like any other, `{"0": …, "1": …}`, and values stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tulle.kit.located import LocatedMap
from tulle.kit.located_yaml import DEEPEST

Path = tuple[str, ...]
"""The parts of a key below its root."""
_INDEXED = re.compile(r"([^\[\]]+)\[([0-9]{1,9})\]")


class BadKey(ValueError):
    """A key is none; the message says why, as the rest of a sentence that begins with the key."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two keys that contradict each other."""

    path: Path
    sentence: str
    """What is wrong with the key, as the rest of a sentence that begins with it."""


def stored(key: str, root: str) -> Path | None:
    """The parts of a key with slashes; None if it is not below the root, or is a folder: `shop/routers/`.

    Slashes at its beginning, and several in a row, mean nothing.
    """
    if key.endswith("/"):
        return None
    parts = tuple(part for part in key.split("/") if part)
    above = tuple(part for part in root.split("/") if part)
    rest = parts[len(above) :]
    return rest if rest and parts[: len(above)] == above else None


def labelled(key: str, root: str) -> Path | None:
    """The parts of a key with dots and indexes, `shop.servers[0].url`; None if it is not below the root.

    Capitals make no difference for the root.

    Raises:
        BadKey: a part of it is empty, or an index stands alone.
    """
    first, *rest = key.split(".")
    if first.lower() != root.lower() or not rest:
        return None
    parts: list[str] = []
    for part in rest:
        if not part:
            raise BadKey("has nothing between two dots, or behind the last one")
        if part.startswith("["):
            raise BadKey(f"has the index {part} without a name before it; write name[0]")
        found = _INDEXED.fullmatch(part)
        parts += found.groups() if found else (part,)
    return tuple(parts)


def nested(entries: Iterable[tuple[Path, str]], line: int = 0) -> tuple[LocatedMap, tuple[Clash, ...]]:
    """The values that keys stand for, whatever their order, all at the same line.

    Keys that are the same but for their case are one: it is spelt as the first in the order of their bytes, and the
    last one gives the value. What has a value and keys below it keeps the keys; a value that only says that it is
    there (nothing, or `true`) needs no mention.
    """
    result = LocatedMap(line)
    spellings: dict[Path, Path] = {}
    values: dict[Path, str] = {}
    clashes: list[Clash] = []
    for path, value in sorted(entries):
        folded = tuple(part.lower() for part in path)
        if len(path) > DEEPEST:
            clashes.append(Clash(path, f"has more than {DEEPEST} parts"))
            continue
        if folded in values:
            clashes.append(Clash(path, "is written twice; capitals make no difference"))
        for length in range(1, len(path) + 1):
            above = spellings.get(folded[: length - 1], ())
            spellings.setdefault(folded[:length], (*above, path[length - 1]))
        values[folded] = value
    inner = {folded[:length] for folded in values for length in range(1, len(folded))}
    for folded, value in values.items():
        path = spellings[folded]
        if folded not in inner:
            _put(result, path, value)
        elif value.lower() not in ("", "true"):
            clashes.append(Clash(path, f'has the value "{value[:40]}" and also keys below it; the value is left out'))
    return result, tuple(clashes)


def _put(result: LocatedMap, path: Path, value: str) -> None:
    for part in path[:-1]:
        if part not in result:
            result.put(part, LocatedMap(result.line), result.line)
        result = result[part]
    result.put(path[-1], value, result.line)
