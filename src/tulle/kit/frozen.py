"""Values that never change, made anew with parts of them replaced: frozen dataclasses and tuples, however deep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Value = TypeVar("Value")


def rebuilt(value: Value, change: Callable[[Any], Any]) -> Value:
    """The value with `change` applied to every part of it, from the inside out; the same where nothing changes."""
    return change(_rebuilt_inside(value, change))  # type: ignore[no-any-return]


def _rebuilt_inside(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, tuple):
        items = tuple(rebuilt(item, change) for item in value)
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return items if type(value) is tuple else type(value)(*items)  # A tuple whose items have names.
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        made = {name: rebuilt(part, change) for name, part in given.items()}
        different = {name: part for name, part in made.items() if part is not given[name]}
        return replace(value, **different) if different else value
    return value


def differing(one: object, other: object, path: str = "") -> list[tuple[str, object]]:
    """Where two values differ: the path of each smallest part that does, and what it is in `one`."""
    if one == other:
        return []
    if is_dataclass(one) and type(one) is type(other) and not isinstance(one, type):
        found: list[tuple[str, object]] = []
        for field in fields(one):
            step = f"{path}.{field.name}" if path else field.name
            found += differing(getattr(one, field.name), getattr(other, field.name), step)
        return found
    if type(one) is tuple and type(other) is tuple and len(one) == len(other):
        return [
            place
            for index, (mine, its) in enumerate(zip(one, other, strict=True))
            for place in differing(mine, its, f"{path}[{index}]")
        ]
    return [(path, one)]
