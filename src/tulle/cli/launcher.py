"""The launcher: starts control plane and agent as children, starts them again when they die, ends them in order.

It holds the write ends of their lifelines: whatever way it ends, they notice, and end what they started.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tulle.cli import running
from tulle.cli.sweep import sweep
from tulle.kit.home import Home
from tulle.kit.processes import CannotSpawn, Spawned, myself, spawn, terminate, wait

log = logging.getLogger(__name__)

FIRST_BACKOFF, LAST_BACKOFF = 0.1, 10.0
STEADY = 10.0
"""Seconds after which a child counts as having run well: its end is met with a start at once."""
HOPELESS = 3
"""Ends in a row, before anything was ready, after which it is not tried again."""
GRACE = {"agent": 30.0, "plane": 5.0}
"""Seconds to end in order. The agent drains proxies and ends services meanwhile."""
LARGEST_LOG = 16 * 1024 * 1024
"""Bytes of the log of a child, above which it is set aside when the child is started."""
OURS = frozenset({"plane", "agent", "up"})
"""Logs that go on over all runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to start."""

    home: Home
    files: tuple[Path, ...]
    """Absolute paths."""
    folder: str = ""
    """Where paths in files begin; empty: at the folder of each file."""
    api: str
    xds: str
    join: str = ""
    """Where other hosts join; empty: nowhere."""
    address: str = running.LOOPBACK
    """Of this host, as other hosts see it."""
    is_detached: bool

    def commands(self) -> dict[str, tuple[str, ...]]:
        """The children, in the order in which they are started; they are ended in the other order."""
        tulle = (sys.executable, "-m", "tulle")
        addresses = ("--api-address", self.api, "--xds-address", self.xds, "--join-address", self.join)
        folder = ("--folder", self.folder) if self.folder else ()
        return {
            "plane": (*tulle, "serve", *addresses, *folder, *map(str, self.files)),
            "agent": (*tulle, "agent", "--xds-address", self.xds, "--address", self.address),
        }


@dataclass(slots=True)
class Child:
    """One of the two, over all its lives."""

    name: str
    command: tuple[str, ...]
    lifeline: tuple[int, int] = field(default_factory=os.pipe)
    """Read end, which it inherits, and write end, which nobody does."""
    process: Spawned | None = None
    ends: int = 0
    """In a row, each soon after its start."""

    def cut(self) -> None:
        """Let go of it: it sees the end of its lifeline, and ends what it started."""
        for descriptor in self.lifeline:
            with contextlib.suppress(OSError):
                os.close(descriptor)


class Launcher:
    """Runs one plan. `run` owns everything; `stop` may be called from a signal handler."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.hopeless = ""
        """Name of the child that could not be kept alive: `plane` or `agent`."""
        self._was_ready = False
        self.stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self.released = asyncio.Event()
        """The check is done: children, which import meanwhile, may do something."""
        self._run = uuid.uuid4().hex
        self._record = running.Record(
            launcher=myself(),
            run=self._run,
            is_detached=plan.is_detached,
            files=tuple(map(str, plan.files)),
            api=plan.api,
            xds=plan.xds,
        )

    def stop(self) -> None:
        """End everything in order; asked a second time, at once."""
        if self.stopping.is_set():
            self._at_once.set()
        self.stopping.set()

    def became_ready(self) -> None:
        """Everything was ready once: from now on children are started again without end."""
        self._was_ready = True

    async def run(
        self,
        watch: Callable[[Launcher], Awaitable[None]],
        progress: Callable[[str], None],
        check: Callable[[], object] | None = None,
    ) -> None:
        """Start, keep alive, and when it is time end everything. `watch` runs meanwhile and is cancelled then.

        `check` runs in a thread while the children import what they need. Before it has returned they do nothing, and
        neither `watch` nor `progress` is called; what it raises is raised here, once the children are gone.

        Raises:
            Failure: something runs in this home already.
            OSError: the home cannot be written.
        """
        self.plan.home.create()
        with running.occupied(self.plan.home), self._signals():
            running.write(self.plan.home, self._record)
            children = [Child(name, command) for name, command in self.plan.commands().items()]
            try:
                await self._keep_all(children, watch, check)
            finally:
                await (self._end(children, progress) if self.released.is_set() else self._drop(children))

    async def _keep_all(
        self,
        children: list[Child],
        watch: Callable[[Launcher], Awaitable[None]],
        check: Callable[[], object] | None,
    ) -> None:
        checking = _in_thread(check)
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(self._keep(child)) for child in children]
            stopped = tasks.create_task(_as_coroutine(self.stopping.wait()))
            await asyncio.wait((checking, stopped), return_when=asyncio.FIRST_COMPLETED)
            if checking.done() and not checking.exception() and not self.stopping.is_set():
                _set_aside(self.plan.home.logs)
                self.released.set()
                keeping.append(tasks.create_task(_as_coroutine(watch(self))))
                await stopped
            for task in (*keeping, stopped):
                task.cancel()
        if not checking.cancel():
            checking.result()

    async def _keep(self, child: Child) -> None:
        """Start a child, and again whenever it ends."""
        while not self.stopping.is_set():
            began = time.monotonic()
            status = await self._live(child)
            child.ends = 1 if time.monotonic() - began > STEADY else child.ends + 1
            log.error("%s ended with status %s and is started again", child.name, status)
            if child.ends >= HOPELESS and not self._was_ready:
                self.hopeless = child.name
                self.stopping.set()
                return
            await asyncio.sleep(min(FIRST_BACKOFF * 2 ** (child.ends - 1), LAST_BACKOFF))

    async def _live(self, child: Child) -> int | str | None:
        """One life of a child, from start to end."""
        output = self.plan.home.logs / f"{child.name}.log"
        with contextlib.suppress(OSError):
            if output.stat().st_size > LARGEST_LOG:
                output.replace(output.with_suffix(".log.1"))
        command = (*child.command, "--lifeline", str(child.lifeline[0]))
        try:
            child.process = spawn(
                command,
                output=output,
                environment=self._environment(),
                inherit=(child.lifeline[0],),
            )
        except CannotSpawn as error:
            await self.released.wait()  # what the check has to say comes first
            return str(error)
        self._record = self._record.with_child(child.name, child.process)
        with contextlib.suppress(OSError):  # a full disk: `down` then finds it by its mark
            running.write(self.plan.home, self._record)
        await self.released.wait()
        os.write(child.lifeline[1], b"\n")
        return await wait(child.process)

    def _environment(self) -> dict[str, str]:
        """Ours, with the mark; where the user's PATH has no `python`, ours is found."""
        path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"
        return {**os.environ, "PATH": path, "TULLE_HOME": str(self.plan.home.root), running.MARK: self._run}

    async def _end(self, children: list[Child], progress: Callable[[str], None]) -> None:
        """Agent first: it drains and ends what it runs while the control plane still answers."""
        names = {"agent": "services and proxies", "plane": "control plane"}
        for child in reversed(children):
            progress(f"stopping {names[child.name]}")
            child.cut()
            if child.process is not None:
                await self._ended(child.process, GRACE[child.name])
        left = await sweep(self.plan.home, self._record)
        if left:
            log.warning("%d processes had to be ended by force", left)

    async def _drop(self, children: list[Child]) -> None:
        """End children that have done nothing yet. What others run in this home is left alone."""
        for child in children:
            child.cut()
            if child.process is not None:
                await terminate(child.process, 0)
        running.path(self.plan.home).unlink(missing_ok=True)

    async def _ended(self, process: Spawned, grace: float) -> None:
        """Wait for the end of a child that was let go; force it after a while, or when we are asked again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace), asyncio.TaskGroup() as tasks:
                impatience = tasks.create_task(_as_coroutine(self._at_once.wait()))
                end = tasks.create_task(wait(process))
                await asyncio.wait((impatience, end), return_when=asyncio.FIRST_COMPLETED)
                impatience.cancel()
                end.cancel()
        await terminate(process, 0 if self._at_once.is_set() else 1.0)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _set_aside(logs: Path) -> None:
    """Keep the logs of the last run in `previous`, and of runs before it none, so that the folder does not grow."""
    previous = logs / "previous"
    shutil.rmtree(previous, ignore_errors=True)
    with contextlib.suppress(OSError):
        previous.mkdir(mode=0o700)
        for file in logs.glob("*.log"):
            if file.stem not in OURS:
                file.replace(previous / file.name)


async def _as_coroutine(awaitable: Awaitable[object]) -> None:
    await awaitable


def _in_thread(check: Callable[[], object] | None) -> asyncio.Future[object]:
    """Done when the check is, at once without one. Nobody waits for the thread when the program ends."""
    if check is None:
        nothing: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing
    call, done = check, concurrent.futures.Future[object]()
    done.set_running_or_notify_cancel()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # it is raised where the result is asked for
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return asyncio.wrap_future(done)
