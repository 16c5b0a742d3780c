from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tulle.kit.lifeline import end_of_life


async def test_it_ends_when_the_other_end_of_the_pipe_is_closed_and_not_before() -> None:
    ours, theirs = os.pipe()
    ended = end_of_life(ours)
    os.write(theirs, b"\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(ended), 0.05)
    os.close(theirs)
    await asyncio.wait_for(ended, 5)
    os.close(ours)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_by_a_signal_however_often_it_comes(number: signal.Signals) -> None:
    ended = end_of_life(None)
    os.kill(os.getpid(), number)
    os.kill(os.getpid(), number)
    await asyncio.wait_for(ended, 5)
    await asyncio.sleep(0)
