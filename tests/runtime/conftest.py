from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tulle.kit import processes
from tulle.kit.home import Home
from tulle.kit.processes import Spawned
from tulle.model.names import Name
from tulle.model.services import Port
from tulle.model.workloads import Assignment, Instance, Probe
from tulle.runtime.sidecars import SidecarFailed
from tulle.runtime.supervisor import Options, Supervisor

SERVER = f"""exec {sys.executable} -c '
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ.get("ANSWER", "").encode())
    def log_message(self, *_): pass
class Server(http.server.HTTPServer):
    request_queue_size = 64
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
'"""


def make_assignment(name: str = "web", command: str | tuple[str, ...] = SERVER, **changes: object) -> Assignment:
    assignment = Assignment(
        name=Name("default", name),
        service=Name("default", name),
        version="",
        account=name,
        labels=(("app", name),),
        command=command,
        directory="/tmp",
        environment=(),
        ports=(Port(name="http", number=80),),
        replicas=1,
        probe=Probe(interval=0.05, deadline=20.0),
        drain=2.0,
        unix_socket=False,
        forwards=(),
        trust_domain="cluster.local",
        concurrency=1,
    )
    return replace(assignment, **changes)  # type: ignore[arg-type]


class FakeSidecars:
    """Proxies that exist only here."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.events: list[tuple[str, str]] = []
        self.failures: list[str] = []
        """Messages of the next starts that fail."""
        self._happened = asyncio.Event()
        self.drained = asyncio.Event()
        self.drained.set()

    async def start(self, instance: Instance, assignment: Assignment) -> None:
        self._note("start", instance.id)
        if self.failures:
            raise SidecarFailed(self.failures.pop(0))
        self.running.add(instance.id)

    async def drain(self, instance: Instance) -> None:
        self._note("drain", instance.id)
        await self.drained.wait()

    async def stop(self, instance_id: str) -> None:
        self._note("stop", instance_id)
        self.running.discard(instance_id)

    def _note(self, event: str, instance_id: str) -> None:
        self.events.append((event, instance_id))
        self._happened.set()

    async def happened(self, event: str, instance_id: str) -> None:
        """Wait until the supervisor has asked for it."""
        async with asyncio.timeout(30):
            while (event, instance_id) not in self.events:
                await self._happened.wait()
                self._happened.clear()


class World:
    """A supervisor that runs, and what it reported."""

    def __init__(self, home: Home, sidecars: FakeSidecars, spread: float) -> None:
        self.home = home
        self.sidecars = sidecars
        self.reports: list[tuple[Instance, ...]] = []
        self._reported = asyncio.Event()
        self.supervisor = Supervisor(
            host="here", home=home, sidecars=sidecars, report=self._report, options=Options(spread=spread)
        )

    def _report(self, instances: tuple[Instance, ...]) -> None:
        self.reports.append(instances)
        self._reported.set()

    async def until(
        self, condition: Callable[[tuple[Instance, ...]], bool], within: float = 30
    ) -> tuple[Instance, ...]:
        """Wait for a report that fulfils the condition."""
        try:
            async with asyncio.timeout(within):
                while not condition(self.supervisor.instances()):
                    await self._reported.wait()
                    self._reported.clear()
        except TimeoutError:
            raise AssertionError(f"it never came true for {self.supervisor.instances()}") from None
        return self.supervisor.instances()

    async def ready(self, count: int = 1) -> tuple[Instance, ...]:
        """Wait until exactly so many instances exist and all are ready."""
        return await self.until(lambda all_: len(all_) == count and all(i.state == "ready" for i in all_))

    def pid(self, instance: Instance) -> int:
        """The process of an instance."""
        handle = self.supervisor._lives[instance.id].record.handle
        assert handle is not None
        return Spawned.parse(handle).pid

    def has_process(self, instance: Instance) -> bool:
        """Whether one was started for it."""
        return self.supervisor._lives[instance.id].record.handle is not None

    def log(self, instance: Instance) -> str:
        return (self.home.logs / f"{instance.id}.log").read_text()


def kill_everything(home: Home) -> None:
    """End what a test left running, found by the directory of its logs."""
    names = frozenset(path.name.removesuffix(".log") for path in home.logs.glob("*.log"))
    for process in processes.find("TULLE_INSTANCE", names).values():
        processes.signal_group(process, signal.SIGKILL)


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home(Path(tempfile.mkdtemp(prefix="tulle-test-")))
    made.create()
    yield made
    kill_everything(made)
    shutil.rmtree(made.root)
    shutil.rmtree(made.sockets, ignore_errors=True)  # it may be outside of the home, for the sake of a short path


@pytest.fixture
def assignment() -> Callable[..., Assignment]:
    """Makes assignments; the default is an HTTP server that answers `ANSWER` of its environment."""
    return make_assignment


@pytest.fixture
def sidecars() -> FakeSidecars:
    return FakeSidecars()


@pytest.fixture
def fresh_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def running(home: Home, sidecars: FakeSidecars) -> Callable[..., object]:
    """`async with running() as world`: a supervisor that runs within the block, and then is cancelled or stopped."""

    @asynccontextmanager
    async def run(*, stop: bool = True, spread: float = 0.01) -> AsyncIterator[World]:
        world = World(home, sidecars, spread)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(world.supervisor.run())
            try:
                yield world
            finally:
                if stop:
                    await world.supervisor.stop_all(10)
                else:
                    task.cancel()

    return run
