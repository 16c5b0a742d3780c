"""The life of one instance: started, probed, started again when it fails, and led out when it is no longer wanted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tulle.kit import output
from tulle.kit.backoff import Backoff
from tulle.kit.clock import Clock
from tulle.kit.ports import Ports
from tulle.model.workloads import Assignment, Instance, InstanceState
from tulle.runtime import placement, probes
from tulle.runtime.drivers.base import CannotStart, Driver, Program
from tulle.runtime.environment import command_line, environment
from tulle.runtime.logs import log_of
from tulle.runtime.records import Record
from tulle.runtime.sidecars import SidecarFailed, Sidecars

log = logging.getLogger(__name__)

CHECK_READY = 5.0
"""Seconds between checks of an instance that is ready."""
CHECK_FAILING = 1.0
"""Seconds until the next check after one that failed, and the longest interval while it starts."""
FAILURES = 3
"""Checks in a row that must fail before a ready instance is taken out."""
LOST_PORT = 3
"""Starts in a row that find a stranger on a port before the instance is given up for one with other ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all instances of a host share."""

    driver: Driver
    sidecars: Sidecars
    ports: Ports
    clock: Clock
    logs: Path
    environment: Mapping[str, str]
    """That of the agent."""
    spread: float
    """Seconds that it takes until every proxy knows that an instance is draining."""


class Life:
    """One instance. `run` lives it; `leave` ends it; `changed` is called after every change of its record."""

    def __init__(self, record: Record, surroundings: Surroundings, changed: Callable[[], None]) -> None:
        self.record = record
        self._around = surroundings
        self._changed = changed
        self._application = record.instance.state
        self._trouble = record.instance.message
        # An adopted instance that was ready keeps serving while its sidecar is looked after.
        self._sidecar_served = record.instance.state in {InstanceState.READY, InstanceState.UNHEALTHY}
        self._sidecar_trouble = "" if self._sidecar_served else "its sidecar is starting"
        self._leaving = asyncio.Event()
        self._until = math.inf
        self._log_start = 0
        self._ready_since: float | None = None
        if record.instance.state is InstanceState.DRAINING:
            self._leaving.set()

    @property
    def instance(self) -> Instance:
        """The instance as it is to be reported now."""
        return self.record.instance

    def assign(self, assignment: Assignment) -> None:
        """Take over what may change in a running instance: probe, drain time."""
        self._set(replace(self.record, assignment=assignment))

    def leave(self, within: float = math.inf) -> None:
        """Lead it out, in at most so many seconds."""
        self._until = min(self._until, self._around.clock.monotonic() + within)
        self._leaving.set()

    async def run(self) -> None:
        """Live until `leave` and all that follows is done. Cancelled, it leaves everything running for an adoption."""
        if not self._leaving.is_set():
            async with asyncio.TaskGroup() as tasks:
                lives = [tasks.create_task(self._keep_running()), tasks.create_task(self._keep_sidecar())]
                await self._leaving.wait()
                for life in lives:
                    life.cancel()
        await self._lead_out()

    # The application

    async def _keep_running(self) -> None:
        backoff, strangers = Backoff(), 0
        while True:
            self._ready_since = None
            handle = self.record.handle
            if handle is not None and self._around.driver.is_running(handle):
                failure = await self._watch(handle)
            else:
                await self._end_leftovers()
                failure = self._stranger()
                strangers = strangers + 1 if failure else 0
                if strangers >= LOST_PORT:
                    self.leave()
                failure = failure or await self._start_and_watch()
            delay = backoff.failed(self._served_for())
            log.info("instance %s %s; next start in %.1f s", self.instance.id, failure, delay)
            self._become(InstanceState.BACKING_OFF, failure, restarts=self.instance.restarts + 1)
            await asyncio.sleep(delay)

    async def _start_and_watch(self) -> str:
        self._become(InstanceState.STARTING, self._trouble)
        program = self._program()
        self._log_start = output.size(program.output)
        for socket in placement.application_sockets(self.instance):
            with contextlib.suppress(OSError):
                socket.unlink(missing_ok=True)
        try:
            handle = await self._around.driver.start(program)
        except CannotStart as error:
            return f"cannot be started: {error}"
        self._set(replace(self.record, handle=handle))
        return await self._watch(handle)

    async def _end_leftovers(self) -> None:
        """What a process that has ended left in its group would hold on to the ports."""
        if self.record.handle is not None:
            await self._around.driver.stop(self.record.handle, 0)
            self._set(replace(self.record, handle=None))

    def _stranger(self) -> str:
        for port in placement.application_ports(self.instance):
            if not self._around.ports.is_free(port):
                return f"cannot be started: port {port}, which was chosen for it, is used by another program"
        return ""

    async def _watch(self, handle: str) -> str:
        """Wait until it ends or its probe gives it up, and say what happened."""
        async with asyncio.TaskGroup() as tasks:
            end = tasks.create_task(self._around.driver.wait(handle))
            health = tasks.create_task(self._check())
            await asyncio.wait((end, health), return_when=asyncio.FIRST_COMPLETED)
            ended = end.done()
            end.cancel()
            health.cancel()
        failure = end.result() if ended else health.result()
        if ended:
            # Reported before anything else is done, so that nobody is sent there.
            self._become(InstanceState.BACKING_OFF, failure)
        lines = output.last_lines(self._program_output(), since=self._log_start)
        failure = f"{failure}; its last output: {' / '.join(lines)}" if lines else failure
        if not ended:
            self._become(InstanceState.BACKING_OFF, failure)
            await self._around.driver.stop(handle, self.record.assignment.drain)
        return failure

    async def _check(self) -> str:
        """Probe until it has failed for too long; then say why."""
        began = failing_since = self._around.clock.monotonic()
        failures = 0
        while True:
            probe = self.record.assignment.probe
            trouble = await probes.problem(probe, self._subject())
            await self._bound_log()
            now = self._around.clock.monotonic()
            if not trouble:
                failures, failing_since = 0, now
                self._ready_since = self._ready_since or now
                self._become(InstanceState.READY)
                await asyncio.sleep(CHECK_READY)
                continue
            failures += 1
            was_ready = self._application in {InstanceState.READY, InstanceState.UNHEALTHY}
            if was_ready and failures >= FAILURES:
                self._become(InstanceState.UNHEALTHY, f"no longer answers its probe: {trouble}")
            if now - failing_since >= probe.deadline:
                words = "was not healthy" if was_ready else "was not ready"
                return f"{words} within {probe.deadline:g} s: {trouble}"
            patience = max(probe.interval, min((now - began) / 10, CHECK_FAILING))
            await asyncio.sleep(CHECK_FAILING if was_ready else patience)

    def _served_for(self) -> float:
        return 0.0 if self._ready_since is None else self._around.clock.monotonic() - self._ready_since

    async def _bound_log(self) -> None:
        path = self._program_output()
        if output.size(path) > output.LIMIT:
            await asyncio.to_thread(output.keep_bounded, path)

    # The sidecar

    async def _keep_sidecar(self) -> None:
        backoff = Backoff()
        while True:
            try:
                await self._around.sidecars.start(self.instance, self.record.assignment)
            except SidecarFailed as error:
                self.sidecar_is(f"its sidecar does not serve: {error}")
            else:
                self.sidecar_is("")
                return
            await asyncio.sleep(backoff.failed())

    def sidecar_is(self, trouble: str) -> None:
        """What is wrong with its sidecar, in a sentence; empty if it serves."""
        self._sidecar_served = self._sidecar_served or not trouble
        self._sidecar_trouble = trouble
        self._refresh()

    # The way out

    async def _lead_out(self) -> None:
        """Out of the endpoints first, then out of requests, then out of existence."""
        was_called = self.instance.state not in {InstanceState.STARTING, InstanceState.BACKING_OFF}
        self._become(InstanceState.DRAINING)
        around, drain = self._around, self.record.assignment.drain
        if was_called:
            await asyncio.sleep(min(around.spread, self._left() / 4))
            try:
                async with asyncio.timeout(min(drain + 1.0, self._left() / 2)):
                    await around.sidecars.drain(self.instance)
            except (SidecarFailed, TimeoutError) as error:
                log.warning("sidecar of %s did not drain: %s", self.instance.id, error or "it took too long")
        if self.record.handle is not None:
            await around.driver.stop(self.record.handle, max(0.0, min(drain, self._left() - 0.5)))
        await around.sidecars.stop(self.instance.id)
        for socket in placement.application_sockets(self.instance):
            with contextlib.suppress(OSError):
                socket.unlink(missing_ok=True)

    def _left(self) -> float:
        return max(0.0, self._until - self._around.clock.monotonic())

    # What is reported

    def _become(self, state: InstanceState, trouble: str = "", *, restarts: int | None = None) -> None:
        self._application, self._trouble = state, trouble
        self._refresh(self.instance.restarts if restarts is None else restarts)

    def _refresh(self, restarts: int | None = None) -> None:
        state, message = self._application, self._trouble
        if state is InstanceState.READY and self._sidecar_trouble:
            state = InstanceState.UNHEALTHY if self._sidecar_served else InstanceState.STARTING
            message = self._sidecar_trouble
        instance = replace(
            self.instance,
            state=state,
            message=message,
            restarts=self.instance.restarts if restarts is None else restarts,
        )
        self._set(replace(self.record, instance=instance))

    def _set(self, record: Record) -> None:
        if record != self.record:
            self.record = record
            self._changed()

    def _program(self) -> Program:
        subject = self._subject()
        return Program(
            instance=self.instance.id,
            command=command_line(self.record.assignment.command, subject.environment),
            directory=subject.directory,
            environment=subject.environment,
            output=self._program_output(),
        )

    def _program_output(self) -> Path:
        return log_of(self._around.logs, self.instance)

    def _subject(self) -> probes.Subject:
        assignment = self.record.assignment
        variables = environment(self.instance, assignment, self._around.environment)
        return probes.Subject(instance=self.instance, directory=assignment.directory, environment=variables)
