"""A channel that holds one newest value: slow readers skip what they missed, nothing queues up."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """Set as often as you like; `next` waits for a value that was set since the last `next`."""

    def __init__(self) -> None:
        self._value: Value | None = None
        self._changed = asyncio.Event()

    def set(self, value: Value) -> None:
        """Replace the value and wake the reader."""
        self._value = value
        self._changed.set()

    async def next(self) -> Value:
        """The newest value, as soon as there is one that was not returned before."""
        await self._changed.wait()
        self._changed.clear()
        assert self._value is not None
        return self._value
