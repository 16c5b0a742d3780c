"""Operations on lists of named things: filters, routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from tulle.model.extensions import PatchOperation

Item = TypeVar("Item", bound=Message)


def edited(
    items: list[Item],
    operation: PatchOperation,
    new: Item | None,
    is_anchor: Callable[[Item], bool] | None,
    *,
    end: int | None = None,
) -> list[Item] | None:
    """The list after one operation; None if it does not apply.

    `is_anchor` tells which item is meant, None if the change names none. `end` is where something new at the end is
    put, if that is not the very end: what ends a chain of filters stays its end.
    """
    last = len(items) if end is None else end
    anchor = None if is_anchor is None else next((i for i, each in enumerate(items) if is_anchor(each)), -1)
    added = [] if new is None else [new]
    match operation:
        case PatchOperation.ADD:
            return [*items[:last], *added, *items[last:]]
        case PatchOperation.INSERT_FIRST:
            return [*added, *items]
        case PatchOperation.INSERT_BEFORE | PatchOperation.INSERT_AFTER:
            return _inserted(items, added, anchor, last, is_after=operation is PatchOperation.INSERT_AFTER)
    if anchor is None or anchor < 0 or is_anchor is None:
        return None
    if operation is PatchOperation.REPLACE:
        return [*items[:anchor], *added, *items[anchor + 1 :]]
    return [each for each in items if not is_anchor(each)]


def _inserted(
    items: list[Item], added: list[Item], anchor: int | None, last: int, *, is_after: bool
) -> list[Item] | None:
    if anchor is None:
        return [*items[:last], *added, *items[last:]] if is_after else [*added, *items]
    if anchor < 0:
        return None
    place = anchor + 1 if is_after else anchor
    return [*items[:place], *added, *items[place:]]


def put(field: Any, items: list[Item]) -> None:
    """Make a repeated field hold these items."""
    copies = [type(each).FromString(each.SerializeToString(deterministic=True)) for each in items]
    del field[:]
    field.extend(copies)
