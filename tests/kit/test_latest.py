from __future__ import annotations

import asyncio

import pytest

from tulle.kit.latest import Latest


async def test_a_slow_reader_sees_only_the_newest() -> None:
    latest: Latest[int] = Latest()
    latest.set(1)
    latest.set(2)
    assert await latest.next() == 2


async def test_next_waits_for_a_value_that_was_not_returned_before() -> None:
    latest: Latest[int] = Latest()
    latest.set(1)
    assert await latest.next() == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(latest.next(), 0.01)
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(latest.next())
        latest.set(3)
    assert reader.result() == 3
