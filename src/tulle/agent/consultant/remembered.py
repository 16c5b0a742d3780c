"""The newest of something, up to a size: what was used last stays longest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A dictionary that forgets."""

    def __init__(self, most: int, size: Callable[[Key, Value], int] = lambda key, value: 1) -> None:
        """So many, or so much of what `size` measures."""
        self._most = most
        self._size = size
        self._known: dict[Key, Value] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Value | None:
        """What was put there, if it is still known; it stays then."""
        known = self._known.pop(key, None)
        if known is not None:
            self._known[key] = known
        return known

    def put(self, key: Key, value: Value) -> Value | None:
        """Know this from now on; the last that is forgotten for it."""
        if key in self._known:
            self._total -= self._size(key, self._known.pop(key))
        self._known[key] = value
        self._total += self._size(key, value)
        forgotten = None
        while self._total > self._most:
            oldest = next(iter(self._known))
            forgotten = self._known.pop(oldest)
            self._total -= self._size(oldest, forgotten)
        return forgotten

    def get_or_make(self, key: Key, make: Callable[[Key], Value]) -> Value:
        """What is known, or is made now."""
        known = self.get(key)
        if known is None:
            known = make(key)
            self.put(key, known)
        return known
