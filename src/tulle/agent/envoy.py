"""One Envoy of this host: started, found again, watched, started anew, drained, stopped.

Knows nothing of what it serves; that comes from the relay.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tulle.agent.admin import Admin, AdminUnreachable
from tulle.agent.binary import NoEnvoy, envoy_binary
from tulle.kit import output
from tulle.kit.backoff import Backoff
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.kit.processes import CannotSpawn, Spawned, find, is_alive, spawn, terminate, wait

log = logging.getLogger(__name__)

LAST_BACKOFF = 10.0
"""Seconds between starts of an Envoy that does not stay."""
HEALTH_INTERVAL = 5.0
PATIENCE = 30.0
"""Seconds without an answer after which an Envoy is stuck, and ended."""
DRAIN_TIME = 60
"""Seconds that connections of a listener which was changed or removed may go on."""
STOP_GRACE = 3.0
RECORD = "process"
"""File with the process that was started; everybody who cleans up looks for it."""
MARK = "TULLE_ENVOY"
"""Variable in the environment of each Envoy: the path of its admin socket, which no other has."""


class EnvoyState(StrEnum):
    """Life of a supervised Envoy."""

    STARTING = "starting"
    SERVING = "serving"
    BACKING_OFF = "backing_off"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How an Envoy is started."""

    id: str
    bootstrap: Mapping[str, object]
    admin: Path
    """Unix socket of the admin interface, as in the bootstrap."""
    concurrency: int
    """Worker threads; 0: one per core."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beside those of the agent."""


class Envoy:
    """Supervises one Envoy. `run` owns it; it survives the death of its agent, and the next agent adopts it."""

    def __init__(self, launch: Launch, directory: Path, home: Home, changed: Callable[[], None]) -> None:
        self.id = launch.id
        self.state = EnvoyState.STARTING
        self.message = ""
        """Why it does not serve, in a sentence."""
        self.restarts = 0
        self.admin = Admin(launch.admin)
        self._launch = launch
        self._directory = directory
        self._output = home.logs / f"envoy-{launch.id}.log"
        self._changed = changed
        self._process: Spawned | None = None
        self._serving = asyncio.Event()
        self._stopping = False

    @property
    def process(self) -> Spawned | None:
        """The process that runs now."""
        return self._process

    @property
    def trouble(self) -> str:
        """Why it does not serve, in a sentence; empty if it does."""
        return "" if self.state is EnvoyState.SERVING else self.message or "its Envoy is starting again"

    def adopt(self) -> bool:
        """Find the Envoy that a predecessor of this agent started; True if it still runs."""
        process = None
        with suppress(OSError, ValueError):
            process = Spawned.parse((self._directory / RECORD).read_text())
        if process is None or not is_alive(process):
            # Its agent may have died between starting it and noting it down.
            process = find(MARK, frozenset({self._mark})).get(self._mark)
        self._process = process
        if process is not None:
            log.info("adopted Envoy %s, process %d", self.id, process.pid)
        return process is not None

    @property
    def _mark(self) -> str:
        return str(self._launch.admin)

    async def run(self) -> None:
        """Start it (or go on with the adopted one) and keep it running until `stop`."""
        backoff = Backoff(limit=LAST_BACKOFF)
        loop = asyncio.get_running_loop()
        while not self._stopping:
            began, offset = loop.time(), output.size(self._output)
            if self._process is None and not await self._start():
                await asyncio.sleep(backoff.failed())
                continue
            assert self._process is not None
            status = await self._watch(self._process)
            self._process = None
            self._serving.clear()
            if self._stopping:
                break
            delay = backoff.failed(loop.time() - began)
            self.restarts += 1
            last_words = " / ".join(output.last_lines(self._output, 2, since=offset, width=400)) or "it wrote nothing"
            self._set(EnvoyState.BACKING_OFF, f"Envoy ended with {_describe(status)}: {last_words}")
            log.warning("Envoy %s: %s; starts again in %.1f s", self.id, self.message, delay)
            await asyncio.sleep(delay)

    async def serving(self) -> None:
        """Return as soon as it serves."""
        await self._serving.wait()

    async def drain(self, deadline: float) -> None:
        """Send clients elsewhere; return when nothing is in flight any more, at the latest after `deadline` seconds."""
        with suppress(TimeoutError, AdminUnreachable):
            async with asyncio.timeout(deadline):
                await self.admin.drain()
                idle = 0
                # Twice, because a request may be on its way from a proxy that does not know yet.
                while idle < 2:
                    await asyncio.sleep(0.1)
                    idle = idle + 1 if await self.admin.in_flight() == 0 else 0

    async def stop(self) -> None:
        """End it for good; clients that are still connected are cut off."""
        self._stopping = True
        if self._process is not None:
            await terminate(self._process, STOP_GRACE)
        for leftover in (self._directory / RECORD, self._launch.admin):
            leftover.unlink(missing_ok=True)
        self._set(EnvoyState.STOPPED, "")

    async def _start(self) -> bool:
        launch = self._launch
        bootstrap = self._directory / "bootstrap.json"
        command = ["-c", str(bootstrap), "--disable-hot-restart", "--skip-deprecated-logs"]
        command += ["--drain-time-s", str(DRAIN_TIME), "--drain-strategy", "immediate", "-l", "warning"]
        if launch.concurrency:
            command += ["--concurrency", str(launch.concurrency)]
        try:
            self._write_bootstrap(bootstrap)
            command = [str(envoy_binary()), *command]
            environment = {**os.environ, **launch.environment, MARK: self._mark}
            self._process = spawn(command, output=self._output, environment=environment)
        except (NoEnvoy, CannotSpawn, OSError) as error:
            self._set(EnvoyState.BACKING_OFF, f"Envoy cannot be started: {error}")
            log.error("Envoy %s: %s", self.id, self.message)
            return False
        try:
            write_atomically(self._directory / RECORD, str(self._process), durable=False)
        except OSError as error:
            log.error("Envoy %s is found by its mark only, it could not be noted down: %s", self.id, error)
        self._set(EnvoyState.STARTING, "")
        log.info("started Envoy %s, process %d", self.id, self._process.pid)
        return True

    def _write_bootstrap(self, path: Path) -> None:
        text = json.dumps(self._launch.bootstrap)
        # What is there already can be used even if the disk is full.
        if not path.exists() or path.read_text() != text:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(path, text, durable=False)

    async def _watch(self, process: Spawned) -> int | None:
        """Wait for its end, and meanwhile ask for its health."""
        async with asyncio.TaskGroup() as tasks:
            health = tasks.create_task(self._check_health(process))
            status = await wait(process)
            health.cancel()
        return status

    async def _check_health(self, process: Spawned) -> None:
        loop = asyncio.get_running_loop()
        answered = loop.time()
        while True:
            is_live = False
            with suppress(AdminUnreachable):
                is_live = await self.admin.state() == "LIVE"
                answered = loop.time()
            if is_live and not self._serving.is_set():
                self._serving.set()
                self._set(EnvoyState.SERVING, "")
            output.keep_bounded(self._output)
            if loop.time() - answered > PATIENCE:
                log.error("Envoy %s has not answered for %d s and is ended, to be started anew", self.id, PATIENCE)
                await terminate(process, 0)
            await asyncio.sleep(HEALTH_INTERVAL if self._serving.is_set() else 0.03)

    def _set(self, state: EnvoyState, message: str) -> None:
        if (state, message) != (self.state, self.message):
            self.state, self.message = state, message
            self._changed()


def _describe(status: int | None) -> str:
    if status is None:
        return "an unknown status"
    return f"signal {-status}" if status < 0 else f"status {status}"
