"""Patterns for names of headers, as the interpreter can use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

POSIX = "[:"
MANY = 64
"""Alternatives of a pattern."""
CLASSES = {kinds.CATEGORY_DIGIT: "%d", kinds.CATEGORY_WORD: "%w_", kinds.CATEGORY_SPACE: "%s"}


@dataclass(frozen=True, slots=True)
class Names:
    """Patterns of Lua, one of which fits."""

    patterns: tuple[str, ...]
    is_folded: bool
    """Whether they are for names in lower case, because the case does not matter."""


def lua_patterns(pattern: str) -> Names:
    """What fits where the pattern (RE2) does.

    Raises:
        ValueError: it is more than Lua can do.
    """
    if POSIX in pattern:
        raise ValueError(f"{pattern} has a class such as [:alpha:], which cannot be read; write [a-zA-Z]")
    try:
        tree = parser.parse(pattern)
    except re.error as error:
        raise ValueError(f"{pattern} cannot be read: {error}") from error
    found = _few("".join(each) for each in _sequence(tree))
    is_folded = bool(tree.state.flags & re.IGNORECASE)
    return Names(tuple(map(str.lower, found)) if is_folded else found, is_folded)


def _few(alternatives: Iterable[str]) -> tuple[str, ...]:
    found = tuple(islice(alternatives, MANY + 1))
    if len(found) > MANY:
        raise ValueError(f"a pattern has more than {MANY} alternatives")
    return found


def _sequence(tree: Any) -> Iterator[tuple[str, ...]]:
    return product(*(_few(_one(*each)) for each in tree))


def _one(kind: Any, value: Any) -> Iterator[str]:
    """What one part of a pattern may be."""
    if kind is kinds.SUBPATTERN:
        if value[1] or value[2]:
            raise ValueError("flags of a group are more than Lua can do; write (?i) at the beginning")
        yield from ("".join(each) for each in _sequence(value[3]))
    elif kind is kinds.BRANCH:
        for branch in value[1]:
            yield from ("".join(each) for each in _sequence(branch))
    elif kind is kinds.AT:
        yield {kinds.AT_BEGINNING: "^", kinds.AT_END: "$"}.get(value, "")
    elif kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT}:
        yield from _repeated(*value)
    else:
        yield _character(kind, value)


def _repeated(least: int, most: Any, tree: Any) -> Iterator[str]:
    signs = {(0, kinds.MAXREPEAT): "*", (1, kinds.MAXREPEAT): "+", (0, 1): "?"}
    if (
        len(tree) == 1
        and (least, most) in signs
        and tree[0][0] in {kinds.LITERAL, kinds.ANY, kinds.IN, kinds.NOT_LITERAL}
    ):
        yield _character(*tree[0]) + signs[least, most]
    elif most is not kinds.MAXREPEAT and most <= MANY:
        for many in range(least, most + 1):
            yield from ("".join(each) for each in product(*([_few("".join(s) for s in _sequence(tree))] * many)))
    else:
        raise ValueError("a group is repeated without end, which Lua cannot do")


def _character(kind: Any, value: Any) -> str:
    if kind is kinds.LITERAL:
        return _escaped(value)
    if kind is kinds.ANY:
        return "."
    if kind is kinds.NOT_LITERAL:
        return f"[^{_escaped(value)}]"
    if kind is kinds.IN:
        inverted = value[0][0] is kinds.NEGATE
        return f"[{'^' if inverted else ''}{''.join(map(_member, value[inverted:]))}]"
    raise ValueError(f"{kind} is more than Lua can do")


def _member(part: tuple[Any, Any]) -> str:
    kind, value = part
    if kind is kinds.LITERAL:
        return _escaped(value)
    if kind is kinds.RANGE:
        return f"{chr(value[0])}-{chr(value[1])}"
    if value in CLASSES:
        return CLASSES[value]
    raise ValueError(f"{value} is more than Lua can do")


def _escaped(code: int) -> str:
    character = chr(code)
    return character if character.isalnum() or character == "_" else f"%{character}"
