"""Calls that may block for long, each in a thread of its own: those that everybody shares are few."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


async def in_thread(
    function: Callable[Arguments, Value], *arguments: Arguments.args, **more: Arguments.kwargs
) -> Value:
    """What a function returns or raises.

    Who is cancelled meanwhile leaves the thread to itself; the end of the program does not wait for it.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Value] = loop.create_future()

    def settle(tell: Callable[[], None]) -> None:
        if not result.done():
            tell()

    def work() -> None:
        try:
            tell = partial(result.set_result, function(*arguments, **more))
        except Exception as error:
            tell = partial(result.set_exception, error)
        with contextlib.suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(settle, tell)

    Thread(target=work, name=getattr(function, "__name__", "call"), daemon=True).start()
    return await result
