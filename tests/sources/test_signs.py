from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from tulle.clients.endpoints import CannotFetch
from tulle.sources.signs import settled, ticks


async def script(*steps: object) -> AsyncGenerator[object, None]:
    for step in steps:
        if isinstance(step, Exception):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
        else:
            yield step


async def test_many_signs_are_one() -> None:
    found = [1 async for _ in settled(script(1, 2, 3, 0.1, 4, 0.1), wait=0.03)]
    assert len(found) == 2


async def test_looks_without_a_sign_now_and_then() -> None:
    found = [1 async for _ in settled(script(0.25), wait=0.01, quiet=0.1)]
    assert len(found) == 2


async def test_what_ends_the_signs_is_raised() -> None:
    with pytest.raises(CannotFetch, match="gone"):
        async for _ in settled(script(1, 0.1, CannotFetch("gone")), wait=0.01):
            pass


async def test_closing_ends_the_hearing() -> None:
    closed = asyncio.Event()

    async def forever() -> AsyncGenerator[object, None]:
        try:
            while True:
                yield 1
                await asyncio.sleep(0.01)
        finally:
            closed.set()

    async with aclosing(settled(forever(), wait=0.01)) as signs:
        await anext(signs)
    assert closed.is_set()


async def test_a_failure_after_closing_is_of_no_interest() -> None:
    async with aclosing(settled(script(1, 0.02, CannotFetch("gone")), wait=0.0)) as signs:
        await anext(signs)
        await asyncio.sleep(0.1)


async def test_ticks() -> None:
    async with asyncio.timeout(5), aclosing(ticks(0.01)) as signs:
        await anext(signs)
        await anext(signs)
