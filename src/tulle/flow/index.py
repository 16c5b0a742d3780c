"""Objects by what they are looked up by, kept up to date as they change; a look-up gives the same tuple until then."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from tulle.kit.groups import Groups
from tulle.model.names import Name

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)


class Index(Generic[Key, Thing]):
    """Things of one kind, each under some keys."""

    def __init__(self, keys: Callable[[Thing], Iterable[Key]], order: Callable[[Name, Thing], Any]) -> None:
        """`order` sorts the things of one key."""
        self._keys = keys
        self._order = order
        self._table: Mapping[Name, Thing] = {}
        self._names: Groups[Key, Name] = Groups()
        self._tuples: dict[Key, tuple[Thing, ...]] = {}

    def update(self, table: Mapping[Name, Thing], changed: Iterable[Name]) -> set[Key]:
        """Take in the table of now, of which these names differ; the keys whose things are others than before."""
        touched: set[Key] = set()
        for name in changed:
            before, now = self._table.get(name), table.get(name)
            if before is not None:
                for key in self._keys(before):
                    touched.add(key)
                    self._names.remove(key, name)
            if now is not None:
                for key in self._keys(now):
                    touched.add(key)
                    self._names.add(key, name)
        self._table = table
        for key in touched:
            self._tuples.pop(key, None)
        return touched

    def get(self, key: Key) -> tuple[Thing, ...]:
        """The things of a key, in order."""
        known = self._tuples.get(key)
        if known is None:
            names, table = self._names.get(key), self._table
            if not names:
                return ()
            ordered = sorted(names, key=lambda name: self._order(name, table[name])) if len(names) > 1 else names
            known = self._tuples[key] = tuple(map(table.__getitem__, ordered))
        return known

    def __iter__(self) -> Iterator[Key]:
        """Every key that has things."""
        return iter(self._names)
