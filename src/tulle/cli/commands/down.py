"""Stop the mesh of this home and all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Annotated

import typer

from tulle.cli import running
from tulle.cli.output import Failure, note, say
from tulle.cli.sweep import sweep
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, is_alive, wait

PLACE = ("Run", 11)


def command(
    timeout: Annotated[
        float, typer.Option("--timeout", envvar="TULLE_DOWN_TIMEOUT", min=0, help="Seconds to end in order.")
    ] = 40.0,
) -> None:
    """Stop the mesh of this home: services finish their requests, then everything ends.

    What does not end in time is killed. Nothing is left, no process and no port. It is safe when nothing runs.
    What was applied to the store stays.

    \b
    Examples:
      tulle down
      TULLE_HOME=/tmp/other tulle down
    """
    home = Home.from_environment()
    record = running.read(home)
    if not home.root.is_dir():
        say("nothing is running")
        return
    ended = asyncio.run(stop(home, record, timeout))
    if record is None and not ended:
        say("nothing is running")
    else:
        say(f"stopped; {ended} leftover processes were ended too" if ended else "stopped")


async def stop(home: Home, record: running.Record | None, timeout: float) -> int:
    """Ask the launcher to end everything, wait, and end by force what is left. Returns how many processes that were."""
    if record is not None and record.is_alive:
        await _ask(record.launcher, timeout)
    try:
        return await sweep(home, record)
    except PermissionError as error:
        raise Failure(
            f"a process of this home belongs to another user: {error}", "run `tulle down` as that user"
        ) from error


async def _ask(launcher: Spawned, timeout: float) -> None:
    note("stopping services and proxies")
    os.kill(launcher.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await wait(launcher)
    if is_alive(launcher):
        # Its children notice by the end of their lifelines; whatever does not is on record.
        os.kill(launcher.pid, signal.SIGKILL)
        await wait(launcher)
