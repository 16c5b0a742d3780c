from __future__ import annotations

import asyncio

from tulle.kit.latest import Latest


async def test_slow_reader_sees_only_the_newest() -> None:
    channel: Latest[int] = Latest()
    for value in range(5):
        channel.set(value)
    assert await channel.next() == 4


async def test_reader_waits_for_what_it_has_not_seen() -> None:
    channel: Latest[str] = Latest()
    channel.set("first")
    assert await channel.next() == "first"
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(channel.next())
        await asyncio.sleep(0)
        assert not reading.done()
        channel.set("second")
    assert reading.result() == "second"
