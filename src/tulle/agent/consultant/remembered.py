"""The newest so many of something: what was used last stays longest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A dictionary that forgets."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Value | None:
        """What was put there, if it is still known; it stays then."""
        known = self._known.pop(key, None)
        if known is not None:
            self._known[key] = known
        return known

    def put(self, key: Key, value: Value) -> Value | None:
        """Know this from now on; what is forgotten for it."""
        self._known.pop(key, None)
        self._known[key] = value
        return self._known.pop(next(iter(self._known))) if len(self._known) > self._most else None

    def get_or_make(self, key: Key, make: Callable[[Key], Value]) -> Value:
        """What is known, or is made now."""
        known = self.get(key)
        if known is None:
            known = make(key)
            self.put(key, known)
        return known
