"""All instances of one host: started, replaced, adopted and ended as the assignments say. One task per instance."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from tulle.kit.clock import Clock, SystemClock
from tulle.kit.home import Home
from tulle.kit.ports import NoPortFree, Ports
from tulle.model.workloads import Assignment, Instance, InstanceState
from tulle.runtime import placement
from tulle.runtime.drivers.base import Driver
from tulle.runtime.drivers.process import ProcessDriver
from tulle.runtime.life import Life, Surroundings
from tulle.runtime.logs import prune
from tulle.runtime.placement import Host
from tulle.runtime.records import Journal, Record
from tulle.runtime.replicas import Drain, Replica, Start, reconcile
from tulle.runtime.sidecars import Sidecars

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Instances that are placed together: each holds its ports by sockets until its record is written."""
TRY_AGAIN = 1.0
"""Seconds after a failure of our own (no port, a bug in one instance's life) until the next try."""

Report = Callable[[tuple[Instance, ...]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What tests and other hosts than this one set differently."""

    address: str = placement.LOOPBACK
    """Where sidecars listen for other proxies."""
    spread: float = 0.5
    """Seconds between the report that an instance drains and its drain: until every proxy has heard of it."""
    driver: Driver = field(default_factory=ProcessDriver)
    clock: Clock = field(default_factory=SystemClock)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """What instances inherit."""


class Supervisor:
    """Runs what is assigned to this host. Everything happens within `run`, in one event loop."""

    def __init__(
        self, *, host: str, home: Home, sidecars: Sidecars, report: Report, options: Options | None = None
    ) -> None:
        options = options or Options()
        self._host = Host(name=host, address=options.address, sockets=home.sockets)
        self._report = report
        self._assignments: tuple[Assignment, ...] | None = None
        self._lives: dict[str, Life] = {}
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._is_stopping = False
        self._journal = Journal(home.agent / "instances.json", self._records)
        self._ports = Ports(address=options.address)
        self._around = Surroundings(
            driver=options.driver,
            sidecars=sidecars,
            ports=self._ports,
            clock=options.clock,
            logs=home.logs,
            environment=options.environment,
            spread=options.spread,
        )

    async def run(self) -> None:
        """Adopt what still runs, then do what is assigned, until `stop_all`.

        Cancelled, it leaves every instance running, to be adopted by the next supervisor of the same home. As long as
        nothing was assigned, what runs is kept running, and nothing else happens.
        """
        try:
            async with asyncio.TaskGroup() as background:
                journal = background.create_task(self._journal.run())
                async with asyncio.TaskGroup() as tasks:
                    self._adopt(tasks)
                    await self._reconcile(tasks)
                journal.cancel()
        finally:
            self._ports.close()
            self._ended.set()

    def assign(self, assignments: tuple[Assignment, ...]) -> None:
        """Everything that this host is to run from now on."""
        self._assignments = assignments
        by_name = {assignment.name: assignment for assignment in assignments}
        for port in {port for assignment in assignments for port in assignment.reserved}:
            self._ports.take(port)
        for life in self._lives.values():
            newest = by_name.get(life.instance.workload)
            if newest is not None and newest.fingerprint == life.record.assignment.fingerprint:
                life.assign(newest)
        self._changed.set()

    def instances(self) -> tuple[Instance, ...]:
        """Every instance that exists, oldest first."""
        return tuple(life.instance for life in self._lives.values())

    def sidecar_is(self, instance_id: str, trouble: str) -> None:
        """Told by the agent: what is wrong with a sidecar that served before, in a sentence; empty if it serves again.

        As long as there is trouble, its instance is not reported as ready.
        """
        if instance_id in self._lives:
            self._lives[instance_id].sidecar_is(trouble)

    async def stop_all(self, deadline: float) -> None:
        """Drain and end everything within `deadline` seconds, by force what is slower. Then `run` returns."""
        self._is_stopping = True
        for life in self._lives.values():
            life.leave(deadline)
        self._changed.set()
        try:
            async with asyncio.timeout(deadline):
                await self._ended.wait()
        except TimeoutError:
            for life in tuple(self._lives.values()):
                if life.record.handle is not None:
                    await self._around.driver.stop(life.record.handle, 0)

    def _adopt(self, tasks: asyncio.TaskGroup) -> None:
        records = self._journal.load()
        driver = self._around.driver
        found = driver.find(frozenset(record.instance.id for record in records)) if records else {}
        for record in records:
            for port in placement.ports_of(record.instance):
                self._ports.take(port)
            is_running = record.handle is not None and driver.is_running(record.handle)
            handle = record.handle if is_running else found.get(record.instance.id)
            self._add(replace(record, handle=handle) if handle is not None else _lost(record))
        for life in tuple(self._lives.values()):
            tasks.create_task(self._live(life), name=life.instance.id)
        if records:
            log.info("%d instances adopted, %d of them running", len(records), len(found))
            self._tell()

    async def _reconcile(self, tasks: asyncio.TaskGroup) -> None:
        while not self._is_stopping:
            await self._changed.wait()
            self._changed.clear()
            if self._assignments is None or self._is_stopping:
                continue
            steps = reconcile(self._assignments, self._replicas())
            for step in steps:
                if isinstance(step, Drain):
                    log.info("instance %s is no longer wanted", step.id)
                    self._lives[step.id].leave()
            starts = [step for step in steps if isinstance(step, Start)]
            if starts:
                await self._start(starts, tasks)

    async def _start(self, starts: list[Start], tasks: asyncio.TaskGroup) -> None:
        """Place new instances, record them, and only then let them run: so that none can ever be lost."""
        wanted = {assignment.name: assignment for assignment in self._assignments or ()}
        placed: list[Life] = []
        for start in islice(starts, AT_ONCE):
            assignment = wanted[start.workload]
            try:
                instance = placement.place(assignment, self._host, self._ports, self._lives.keys())
            except NoPortFree as error:
                log.error("workload %s cannot be started: %s", start.workload, error)
                break
            placed.append(self._add(Record(instance, assignment)))
        if not placed:
            await asyncio.sleep(TRY_AGAIN)
        self._tell()
        await self._journal.written()
        for life in placed:
            for port in placement.ports_of(life.instance):
                self._ports.release(port)
            tasks.create_task(self._live(life), name=life.instance.id)

    def _add(self, record: Record) -> Life:
        life = Life(record, self._around, self._tell)
        self._lives[record.instance.id] = life
        return life

    async def _live(self, life: Life) -> None:
        while True:
            try:
                await life.run()
                break
            except Exception:
                # One instance must not end its siblings, whatever is wrong with it.
                log.exception("the life of instance %s failed; it is taken up again", life.instance.id)
                await asyncio.sleep(TRY_AGAIN)
        del self._lives[life.instance.id]
        for port in placement.ports_of(life.instance):
            self._ports.free(port)
        prune(self._around.logs, life.instance, self._lives.keys())
        log.info("instance %s is gone", life.instance.id)
        self._tell()

    def _tell(self) -> None:
        """Something changed: remember it, report it, and see what follows from it."""
        self._journal.changed()
        self._changed.set()
        self._report(self.instances())

    def _records(self) -> tuple[Record, ...]:
        return tuple(life.record for life in self._lives.values())

    def _replicas(self) -> list[Replica]:
        return [
            Replica(
                id=life.instance.id,
                workload=life.instance.workload,
                fingerprint=life.record.assignment.fingerprint,
                state=life.instance.state,
            )
            for life in self._lives.values()
        ]


def _lost(record: Record) -> Record:
    """An instance that ended while nobody watched. What it left in its group is still known by its handle."""
    instance = record.instance
    if instance.state is InstanceState.DRAINING:
        return record
    state, message = InstanceState.STARTING, "ended while its agent was away"
    return replace(record, instance=replace(instance, state=state, message=message, restarts=instance.restarts + 1))
