"""Who depends on what, in both directions, in little memory: there are very many who depend on very little."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Set
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)
FEW = 8
"""Things of one key that are kept in a tuple, which takes a quarter of the memory of a set."""


class Dependents(Generic[Thing, Key]):
    """Things, and the keys that each of them depends on."""

    def __init__(self) -> None:
        self._keys: dict[Thing, Collection[Key]] = {}
        self._things: dict[Key, tuple[Thing, ...] | set[Thing]] = {}

    def note(self, thing: Thing, keys: Collection[Key]) -> None:
        """What a thing depends on now: distinct keys."""
        before = frozenset(self._keys.pop(thing, ()))
        if keys:
            self._keys[thing] = keys if isinstance(keys, tuple) else tuple(keys)
        for key in keys:
            if key not in before:
                self._add(key, thing)
        for key in before.difference(keys):
            self._drop(key, thing)

    def forget(self, thing: Thing) -> None:
        """It is gone."""
        self.note(thing, ())

    def on(self, keys: Set[Key]) -> Iterator[Collection[Thing]]:
        """The things that depend on any of these keys, by key."""
        if len(self._things) < len(keys):
            return (things for key, things in self._things.items() if key in keys)
        return (self._things.get(key, ()) for key in keys)

    def _add(self, key: Key, thing: Thing) -> None:
        things = self._things.get(key, ())
        if isinstance(things, set):
            things.add(thing)
        else:
            more = (*things, thing)
            self._things[key] = more if len(more) <= FEW else set(more)

    def _drop(self, key: Key, thing: Thing) -> None:
        things = self._things[key]
        if isinstance(things, set):
            things.discard(thing)
        else:
            things = self._things[key] = tuple(each for each in things if each != thing)
        if not things:
            del self._things[key]
