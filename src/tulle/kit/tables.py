"""Tables that are never changed: a change makes another one, which remembers what differs from the one it was made of.

Who compares two that follow each other is told at once, however large they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import compress
from operator import is_not
from typing import Generic, TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


class Version(dict[Key, Value]):
    """A table that was made from another one. Use `replaced` to make one."""

    __slots__ = ("__weakref__", "_before", "_changed")

    def __init__(self, before: Mapping[Key, Value]) -> None:
        super().__init__(before)
        self._before = ref(before) if isinstance(before, Version) else None
        self._changed: set[Key] = set()

    def changed_since(self, before: object) -> frozenset[Key] | None:
        """The keys that differ from the table that this one was made from; None if `before` is another one."""
        is_next = self._before is not None and self._before() is before
        return frozenset(self._changed) if is_next else None

    def _put(self, key: Key, value: Value | None) -> None:
        """Only while it is made."""
        if self._before is not None:  # Nobody asks one that was made of nothing.
            self._changed.add(key)
        if value is None:
            del self[key]
        else:
            self[key] = value


def replaced(table: Mapping[Key, Value], changes: Iterable[tuple[Key, Value | None]]) -> dict[Key, Value]:
    """A copy with some entries replaced (or removed: None); the same table if there are none."""
    result: Version[Key, Value] | None = None
    for key, value in changes:
        if (table if result is None else result).get(key) is value:
            continue
        if result is None:
            result = Version(table)
        result._put(key, value)
    if result is None:
        return table if isinstance(table, dict) else dict(table)
    return result


def changed_keys(old: Mapping[Key, Value], new: Mapping[Key, Value]) -> set[Key]:
    """Keys that were added, removed, or now lead to another object."""
    if old is new:
        return set()
    if isinstance(new, Version) and (known := new.changed_since(old)) is not None:
        return {key for key in known if old.get(key) is not new.get(key)}
    # Tables are large and few of their values differ: this never leaves the C loops of the interpreter.
    changed = set(compress(new, map(is_not, map(old.get, new), new.values())))
    if len(old) != len(new) or changed:
        changed.update(old.keys() - new.keys())
    return changed


class Layered(Generic[Key, Value]):
    """A large table with a few entries over it, together one table."""

    def __init__(self) -> None:
        self.table: dict[Key, Value] = {}
        self._base: Mapping[Key, Value] = {}
        self._over: Mapping[Key, Value] = {}

    def update(self, base: Mapping[Key, Value], over: Mapping[Key, Value]) -> dict[Key, Value]:
        """Take the tables of now; both together."""
        changed = changed_keys(self._over, over)
        keys = dict.fromkeys((*changed_keys(self._base, base), *filter(changed.__contains__, (*self._over, *over))))
        self.table = replaced(self.table, [(key, over[key] if key in over else base.get(key)) for key in keys])
        self._base, self._over = base, over
        return self.table
