"""Signs that something changed, taken together: many changes are looked at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

SETTLED = 0.1
"""Seconds after a sign in which more are expected: one command makes several."""
QUIET = 60.0
"""Seconds without a sign after which is looked anyway: whoever tells may have gone without a word."""


async def settled(
    signs: AsyncGenerator[object, None], wait: float = SETTLED, quiet: float = QUIET
) -> AsyncGenerator[None, None]:
    """Yields when something may have changed, until there can be no more signs. Raises what they raise."""
    seen = asyncio.Event()

    async def hear() -> None:
        async for _ in signs:
            seen.set()

    # No group: an iterator that is closed must not look like a failure of its task.
    hearing = asyncio.get_running_loop().create_task(hear())
    hearing.add_done_callback(lambda _: seen.set())
    try:
        while True:
            try:
                await asyncio.wait_for(seen.wait(), quiet)
                await asyncio.sleep(wait)
            except TimeoutError:
                pass
            if hearing.done():
                await hearing
                return
            seen.clear()
            yield
    finally:
        hearing.cancel()
        await asyncio.wait((hearing,))
        if not hearing.cancelled():
            hearing.exception()  # It is known, or of no interest any more.


async def ticks(seconds: float) -> AsyncGenerator[None, None]:
    """A sign every now and then."""
    while True:
        await asyncio.sleep(seconds)
        yield
