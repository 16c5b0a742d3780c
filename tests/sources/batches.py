"""Batches of a source, waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tulle.sources.base import Batch, Source


class Batches:
    """What a source yields, and the newest of it."""

    def __init__(self, batches: AsyncIterator[Batch]) -> None:
        self._batches = batches
        self.last = Batch()

    async def until(self, fits: Callable[[Batch], bool]) -> Batch:
        """The next batch that fits."""
        async with asyncio.timeout(10):
            while True:
                self.last = await anext(self._batches)
                if fits(self.last):
                    return self.last

    async def next(self) -> Batch:
        """The next one."""
        return await self.until(lambda _: True)

    async def trouble(self) -> str:
        """What is wrong, as soon as nothing can be read."""
        found = await self.until(lambda batch: "" in batch.unreadable)
        (finding,) = found.findings
        return finding.message


def routers(batch: Batch) -> set[str]:
    data: list[Any] = [document.data for document in batch.documents]
    return {name for each in data for name in each.get("http", {}).get("routers", {})}


@asynccontextmanager
async def following(source: Source) -> AsyncIterator[Batches]:
    batches = source.batches()
    try:
        yield Batches(batches)
    finally:
        await batches.aclose()  # type: ignore[attr-defined]
