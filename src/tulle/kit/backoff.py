"""How long to wait before the next try of something that failed. Pure: it neither waits nor looks at a clock."""

from __future__ import annotations


class Backoff:
    """Delays that double from `first` to `limit` seconds, and start over after a success that lasted."""

    def __init__(self, first: float = 0.1, limit: float = 30.0, stable_after: float = 10.0) -> None:
        self._first, self._limit, self._stable_after = first, limit, stable_after
        self._next = first

    def failed(self, lasted: float = 0.0) -> float:
        """Seconds to wait now, after something that had worked for `lasted` seconds."""
        if lasted >= max(self._stable_after, self._next):
            self._next = self._first
        delay, self._next = self._next, min(self._next * 2, self._limit)
        return delay
