"""One change → acknowledged by 1,000 connected proxies: time, CPU and memory of the xDS server per stream."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psutil
from rich.console import Console

from bench.table import Budget, Result, Row, median, show
from bench.xds_clients import Clients
from tulle.kit.collecting import collect_seldom
from tulle.xds.messages import Request, frame_response
from tulle.xds.server import OPTIONS, serving
from tulle.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, VIRTUAL_HOST, Resource, Snapshot, framed
from tulle.xds.subscription import Session

STREAMS = 1_000
ROUNDS = 30
SERVICES = 20
"""What each proxy holds."""
DEADLINE = 60.0
NAMES = tuple(f"service-{index}" for index in range(SERVICES))
TYPES = (CLUSTER, LISTENER, VIRTUAL_HOST, ENDPOINT)


class Target:
    """What is pushed to, and how many answers it still waits for."""

    def __init__(self) -> None:
        self.missing = 0
        self.answered = asyncio.Event()

    def expect(self, count: int) -> None:
        """A push is about to go to so many."""
        self.missing = count
        self.answered.clear()

    def took(self) -> None:
        """One of them answered."""
        self.missing -= 1
        if self.missing == 0:
            self.answered.set()


class Fleet(Target):
    """The provider: gives everybody the same, and counts who accepted it."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = _snapshot()
        self.sessions: set[Session] = set()

    def opened(self, session: Session) -> None:
        """A client connected."""
        self.sessions.add(session)
        session.publish(self.snapshot)

    def closed(self, session: Session) -> None:
        """A client left."""
        self.sessions.discard(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        """Everybody is given the same."""

    def settled(self, session: Session) -> None:
        """A client accepted something."""
        self.took()

    @property
    def count(self) -> int:
        """Clients that have everything."""
        return sum(session.is_synced for session in self.sessions)

    def push(self, resource: Resource) -> None:
        """Publish one changed resource to all."""
        table = {**self.snapshot.table(resource.type_url), resource.name: resource}
        self.snapshot = Snapshot({**self.snapshot.tables, resource.type_url: table})
        self.expect(len(self.sessions))
        for session in self.sessions:
            session.publish(self.snapshot, {resource.type_url: (resource.name,)})


class Bare(Target, grpc.GenericRpcHandler):  # type: ignore[misc]
    """The floor: writes the same bytes to every stream and looks at no answer."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        super().__init__()
        self.contexts: set[Any] = set()
        self._tasks = tasks
        self._handler = grpc.stream_stream_rpc_method_handler(self._run)

    def service(self, handler_call_details: Any) -> Any:
        """The handler of every call."""
        return self._handler

    async def _run(self, _requests: object, context: Any) -> None:
        self.contexts.add(context)
        while await context.read() is not grpc.aio.EOF:
            self.took()

    @property
    def count(self) -> int:
        """Clients that are connected."""
        return len(self.contexts)

    def push(self, resource: Resource) -> None:
        """Write one resource to all."""
        data = frame_response(resource.type_url, "1", [resource])
        self.expect(len(self.contexts))
        for context in self.contexts:
            self._tasks.create_task(context.write(data))


def _snapshot() -> Snapshot:
    tables: dict[str, dict[str, Resource]] = {}
    for name in NAMES:
        for type_url, size in ((CLUSTER, 600), (ENDPOINT, 300), (VIRTUAL_HOST, 500)):
            tables.setdefault(type_url, {})[name] = framed(type_url, name, bytes(size))
    return Snapshot(tables)


def _serve(kind: str, path: str, pipe: Connection) -> None:
    collect_seldom()  # As the control plane does.
    asyncio.run(_tulle(path, pipe) if kind == "Tulle" else _bare(path, pipe))


async def _tulle(path: str, pipe: Connection) -> None:
    fleet = Fleet()
    async with serving(fleet, address=f"unix:{path}"):
        await _obey(fleet, pipe)


async def _bare(path: str, pipe: Connection) -> None:
    async with asyncio.TaskGroup() as tasks:
        bare = Bare(tasks)
        server = grpc.aio.server(options=OPTIONS)
        server.add_generic_rpc_handlers((bare,))
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        await _obey(bare, pipe)


async def _obey(target: Fleet | Bare, pipe: Connection) -> None:
    """Push what the one who measures sends; tell when it began and what CPU it took until all had answered."""
    pipe.send(None)
    process = psutil.Process()
    while True:
        resource = await asyncio.to_thread(pipe.recv)
        if resource is None:
            pipe.send((target.count, process.memory_info().rss))
            continue
        cpu, began = time.process_time(), time.monotonic()
        target.push(resource)
        async with asyncio.timeout(DEADLINE):
            await target.answered.wait()
        pipe.send((began, time.process_time() - cpu))


class Server:
    """The process of a server, seen from the one that measures."""

    def __init__(self, kind: str, path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self.kind, self.path = kind, str(path)
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(kind, self.path, theirs), daemon=True)
        self._process.start()
        self.pipe.recv()

    def ask(self, command: object) -> Any:
        """Send a command and wait for what comes of it."""
        self.pipe.send(command)
        return self.pipe.recv()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


@dataclass(slots=True)
class Samples:
    """What was measured of one case."""

    latencies: list[float] = field(default_factory=list)
    """Seconds, one for each stream and round."""
    server: list[float] = field(default_factory=list)
    """CPU seconds of the server, one for each round."""
    clients: list[float] = field(default_factory=list)

    def figures(self, streams: int, memory: float) -> dict[str, float]:
        """The columns of the table."""
        times = sorted(self.latencies)
        return {
            "streams": streams,
            "p50 ms": times[len(times) // 2] * 1e3,
            "p99 ms": times[int(len(times) * 0.99)] * 1e3,
            "CPU µs a stream": median(self.server) / streams * 1e6,
            "clients' µs a stream": median(self.clients) / streams * 1e6,
            "memory KB a stream": memory / 1024,
        }


def run(streams: int) -> Result:
    """Measure with so many streams."""
    rows: list[Row] = []
    started: list[Server | Clients] = []
    with tempfile.TemporaryDirectory() as directory:
        try:
            clients = Clients()
            started.append(clients)
            memory: dict[str, float] = {}
            servers = []
            for kind in ("Tulle", "bare grpc.aio"):
                server = Server(kind, Path(directory, str(len(started))))
                started.append(server)
                servers.append(server)
                memory[kind] = _fill(server, clients, streams) / streams
            for what, type_url in (("one load assignment", ENDPOINT), ("one virtual host", VIRTUAL_HOST)):
                samples = _interleaved(servers, clients, type_url, streams)
                rows += [Row(f"{what}, {kind}", each.figures(streams, memory[kind])) for kind, each in samples.items()]
        finally:
            for each in started:
                each.stop()
    return _result(rows, streams)


def _fill(server: Server, clients: Clients, streams: int) -> float:
    """Connect everybody; bytes of memory that it took."""
    before = server.ask(None)[1]
    subscriptions = [Request(type_url, None, NAMES if type_url == ENDPOINT else ()) for type_url in TYPES]
    clients.connect(server.path, streams, subscriptions)
    deadline = time.monotonic() + DEADLINE
    while (state := server.ask(None))[0] < streams:
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {state[0]} of {streams} streams are connected")
        time.sleep(0.1)
    return float(state[1] - before)


def _interleaved(servers: list[Server], clients: Clients, type_url: str, streams: int) -> dict[str, Samples]:
    samples = {server.kind: Samples() for server in servers}
    for number in range(ROUNDS):
        for server in servers:
            clients.expect(streams)
            began, cpu = server.ask(framed(type_url, "service-7", bytes(400) + b"%d" % number))
            times, used = clients.acknowledged()
            found = samples[server.kind]
            found.latencies.extend(moment - began for moment in times)
            found.server.append(cpu)
            found.clients.append(used)
    return samples


def _result(rows: list[Row], streams: int) -> Result:
    mine = [row.figures for row in rows if row.case.endswith("Tulle")]
    worst = {key: max(float(figures[key] or 0) for figures in mine) for key in mine[0]}
    return Result(
        "xds_fanout",
        f"One change acknowledged by {streams:,} proxies",
        rows,
        (
            Budget("publish → acknowledged, p50", worst["p50 ms"], 50, "ms"),
            Budget("publish → acknowledged, p99", worst["p99 ms"], 150, "ms"),
            Budget("memory a stream", worst["memory KB a stream"], 50, "KB"),
        ),
        (
            f"From the change to the moment in which a client sent its acknowledgement, over all streams and {ROUNDS} "
            "rounds, in turns; each stream is a connection of its own over a Unix socket.",
            f"Clients are one process of raw HTTP/2 on the same {os.cpu_count()} cores. The bare server writes "
            "the same to every stream and looks at no answer: that is what grpc.aio itself costs.",
        ),
    )


def measure() -> Result:
    """Run it."""
    return run(STREAMS)


if __name__ == "__main__":
    show(run(int(sys.argv[1]) if len(sys.argv) > 1 else STREAMS), Console())
