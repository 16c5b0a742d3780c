"""What is in a key-value store below a key, followed as it changes. How much that may be is bounded."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.clients.endpoints import CannotFetch

LARGEST = 64 * 1024 * 1024
"""Bytes of all keys and values together; 100,000 services are about 20 MB."""
Pairs = Mapping[str, bytes]
"""Values by their keys, which are whole. Not to be changed by who gets them."""


class Tree:
    """Everything below a key. What is handed out stays as it is."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._pairs: dict[str, bytes] = {}
        self._size = 0
        self._largest = largest

    def put(self, key: str, value: bytes) -> None:
        """Set a value.

        Raises:
            CannotFetch: this is too much.
        """
        self.drop(key)
        self._pairs[key] = value
        self._size += len(key) + len(value)
        if self._size > self._largest:
            raise CannotFetch(f"it holds more than {self._largest // 2**20} MB")

    def drop(self, key: str) -> None:
        """Forget a key, if it is there."""
        value = self._pairs.pop(key, None)
        if value is not None:
            self._size -= len(key) + len(value)

    def now(self) -> Pairs:
        """All of it, as of now."""
        return dict(self._pairs)


def text(key: bytes) -> str:
    """A key; what is no UTF-8 in it is replaced, and will be nobody's."""
    return key.decode("utf-8", "replace")
