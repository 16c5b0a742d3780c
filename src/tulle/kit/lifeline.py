"""When a process of ours is to end: SIGTERM, SIGINT, or because whoever started it is gone."""

from __future__ import annotations

import asyncio
import os
import signal


def end_of_life(lifeline: int | None) -> asyncio.Future[None]:
    """Done when it is time to end. Call it on the event loop of the main thread.

    Args:
        lifeline: read end of a pipe whose write end is held by whoever started us, and by nobody else; None for none.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    if lifeline is not None:

        def look() -> None:
            # Bytes mean "begin"; their end means that nobody is there any more.
            if not os.read(lifeline, 1):
                loop.remove_reader(lifeline)
                end()

        loop.add_reader(lifeline, look)
    return ended
