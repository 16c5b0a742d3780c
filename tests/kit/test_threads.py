from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

import pytest

from tulle.kit.threads import in_thread


async def test_a_call_returns_or_raises() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ValueError, match="invalid literal"):
        await in_thread(int, "x")


async def test_many_calls_that_block_hold_up_nobody() -> None:
    begun, ended = threading.Semaphore(0), threading.Event()

    def call() -> None:
        begun.release()
        ended.wait(10)

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(in_thread(call)) for _ in range(40)]
        await asyncio.to_thread(lambda: [begun.acquire(timeout=10) for _ in calls])
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(int, "1") == 1
        for each in calls[:20]:
            each.cancel()
        ended.set()
    assert [each.cancelled() for each in calls] == [True] * 20 + [False] * 20


def test_the_end_of_the_loop_waits_for_no_call() -> None:
    ended, threads = threading.Event(), threading.enumerate()

    async def main() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_thread(ended.wait, 10)

    asyncio.run(main())
    left = [each for each in threading.enumerate() if each not in threads]
    assert len(left) == 1 and left[0].daemon
    ended.set()
    left[0].join(10)
    assert not left[0].is_alive()
