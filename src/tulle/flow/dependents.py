"""Who depends on what, in both directions, in little memory: there are very many who depend on very little."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Set
from typing import Generic, TypeVar

from tulle.kit.groups import Groups

Thing = TypeVar("Thing", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)


class Dependents(Generic[Thing, Key]):
    """Things, and the keys that each of them depends on."""

    def __init__(self) -> None:
        self._keys: dict[Thing, tuple[Key, ...]] = {}
        self._things: Groups[Key, Thing] = Groups()

    def note(self, thing: Thing, keys: Collection[Key]) -> None:
        """What a thing depends on now: distinct keys."""
        before = frozenset(self._keys.pop(thing, ()))
        if keys:
            self._keys[thing] = tuple(keys)
        for key in keys:
            if key not in before:
                self._things.add(key, thing)
        for key in before.difference(keys):
            self._things.remove(key, thing)

    def forget(self, thing: Thing) -> None:
        """It is gone."""
        self.note(thing, ())

    def on(self, keys: Set[Key]) -> Iterator[Collection[Thing]]:
        """The things that depend on any of these keys, by key."""
        if len(self._things) < len(keys):
            return (things for key, things in self._things.items() if key in keys)
        return (self._things.get(key) for key in keys)
