"""Makes sure that nothing of a mesh is left on this machine: processes by their records, sockets by their folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from tulle.cli import running
from tulle.cli.output import Failure
from tulle.kit.home import Home
from tulle.kit.processes import Spawned, find_all, is_alive, myself, terminate, wait

GRACE = 3.0
"""Seconds that leftovers get before they are killed; whoever should have drained them is gone already."""
PATIENCE = 15.0
"""Seconds that an agent gets to end by itself what it runs; it drains for up to 10 of them."""


async def sweep(home: Home, record: running.Record | None) -> int:
    """End what is still alive of the mesh of this home, and remove what only makes sense while it runs.

    Returns how many processes had to be ended.
    """
    ended = 0
    # Twice: something may have been started by what was just ended.
    while left := await asyncio.to_thread(leftovers, home, record):
        ended += len(left)
        await asyncio.gather(*(terminate(process, GRACE) for process in left))
    if ended:
        # It would be taken for what a killed agent left to be adopted.
        _instances(home).unlink(missing_ok=True)
    _remove_sockets(home)
    running.path(home).unlink(missing_ok=True)
    return ended


async def sweep_after_launcher(home: Home, run: str) -> int:
    """End what is left of a run whose launcher was killed. Its control plane calls this, as the last thing it does.

    The agent of the run, if it lives, ends everything in order first. A home that is in use again is left alone.
    Returns how many processes had to be ended.
    """
    record = running.read(home)
    if record is None or record.run != run or record.is_alive:
        return 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(wait(process) for name, process in record.children if name == "agent"))
    with contextlib.suppress(Failure), running.occupied(home):
        if running.read(home) == record:
            return await sweep(home, record)
    return 0


def leftovers(home: Home, record: running.Record | None) -> list[Spawned]:
    """Living processes of the mesh of this home: those on record, and those that carry its mark."""
    found = {*_recorded(home), *(process for _, process in (record.children if record else ()))}
    if record:
        found |= {*find_all(running.MARK, record.run)}
    return [process for process in found if process != myself() and is_alive(process)]


def _recorded(home: Home) -> Iterator[Spawned]:
    """What the agent noted down: Envoys in files `process`, instances of services in one file with all of them."""
    handles = []
    for file in home.agent.rglob("process"):
        with contextlib.suppress(OSError):
            handles.append(file.read_text().strip())
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        handles += [str(record.get("handle")) for record in json.loads(_instances(home).read_bytes())]
    for handle in handles:
        with contextlib.suppress(ValueError):
            yield Spawned.parse(handle)


def _instances(home: Home) -> Path:
    return home.agent / "instances.json"


def _remove_sockets(home: Home) -> None:
    folder = home.sockets
    with contextlib.suppress(OSError):
        for file in _sockets(folder):
            file.unlink(missing_ok=True)
        if folder.parent != home.root:
            folder.rmdir()


def _sockets(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder) if Path(entry.path).is_socket()]
