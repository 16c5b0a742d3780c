"""One change → accepted by 1,000 connected proxies: time, CPU and memory of the xDS server per stream."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
import grpc.aio
import psutil
from rich.console import Console

from bench.table import Budget, Result, Row, show
from tulle.xds.messages import METHOD, Node, Request, frame_request
from tulle.xds.server import serving
from tulle.xds.snapshot import CLUSTER, ENDPOINT, LISTENER, VIRTUAL_HOST, Resource, Snapshot, framed
from tulle.xds.subscription import Session

STREAMS = 1_000
WORKERS = 4
ROUNDS = 30
SERVICES = 20
"""What each proxy holds."""
DEADLINE = 120.0


class Fleet:
    """The provider: counts who accepted the newest publication."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.sessions: set[Session] = set()
        self.missing = 0
        self.accepted_by_all = asyncio.Event()

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
        self.missing -= 1
        if self.missing == 0:
            self.accepted_by_all.set()

    async def push(self, resource: Resource) -> float:
        """Publish one changed resource to all; seconds until the last one accepted it."""
        table = {**self.snapshot.table(resource.type_url), resource.name: resource}
        self.snapshot = Snapshot({**self.snapshot.tables, resource.type_url: table})
        changed = {resource.type_url: (resource.name,)}
        self.missing = len(self.sessions)
        self.accepted_by_all.clear()
        began = time.perf_counter()
        for session in self.sessions:
            session.publish(self.snapshot, changed)
        async with asyncio.timeout(DEADLINE):
            await self.accepted_by_all.wait()
        return time.perf_counter() - began


def _client(address: str, streams: int, pipe: Connection) -> None:
    """A process of light clients: each a connection of its own, answering by the nonce alone."""
    asyncio.run(_clients(address, streams, pipe))


async def _clients(address: str, streams: int, pipe: Connection) -> None:
    async with asyncio.TaskGroup() as tasks:
        readers = [tasks.create_task(_follow(address, f"{os.getpid()}-{index}")) for index in range(streams)]
        await asyncio.to_thread(pipe.recv)
        for reader in readers:
            reader.cancel()


async def _follow(address: str, name: str) -> None:
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        call = channel.stream_stream(METHOD)()
        node: Node | None = Node(name)
        for type_url in (CLUSTER, LISTENER, VIRTUAL_HOST, ENDPOINT):
            names = [f"service-{index}" for index in range(SERVICES)] if type_url == ENDPOINT else []
            await call.write(frame_request(Request(type_url, node, tuple(names))))
            node = None
        answers: dict[bytes, bytes] = {}
        while (data := await call.read()) is not grpc.aio.EOF:
            await call.write(_answer(data, answers))


def _answer(data: bytes, answers: dict[bytes, bytes]) -> bytes:
    """The acknowledgement, without parsing resources: type URL and nonce are the tail of our server's responses."""
    start = data.rindex(b"type.googleapis.com/")
    length = data[start - 1]
    kind, nonce = data[start : start + length], data[start + length + 2 :]
    head = answers.setdefault(kind, b"\x12" + bytes((len(kind),)) + kind)  # DeltaDiscoveryRequest: 2 type_url
    return head + b"\x32" + bytes((len(nonce),)) + nonce  # 6 response_nonce


def _snapshot() -> Snapshot:
    tables: dict[str, dict[str, Resource]] = {}
    for index in range(SERVICES):
        name = f"service-{index}"
        for type_url, size in ((CLUSTER, 600), (ENDPOINT, 300), (VIRTUAL_HOST, 500)):
            tables.setdefault(type_url, {})[name] = framed(type_url, name, bytes(size))
    return Snapshot(tables)


async def _measure(streams: int) -> Result:
    fleet = Fleet(_snapshot())
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as directory:
        async with serving(fleet, address=f"unix:{Path(directory)}/xds") as address:
            before = process.memory_info().rss
            clients = _start(address, streams)
            try:
                await _until_connected(fleet, streams)
                memory = (process.memory_info().rss - before) / streams
                rows = [await _rounds(fleet, process, kind, streams) for kind in (ENDPOINT, VIRTUAL_HOST)]
            finally:
                for client, pipe in clients:
                    pipe.send(None)
                    client.join(10)
                    if client.is_alive():
                        client.kill()
    return _result(rows, memory, streams)


def _start(address: str, streams: int) -> list[tuple[multiprocessing.process.BaseProcess, Connection]]:
    context = multiprocessing.get_context("spawn")
    started: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
    for index in range(WORKERS):
        ours, theirs = context.Pipe()
        share = streams // WORKERS + (index < streams % WORKERS)
        client = context.Process(target=_client, args=(address, share, theirs), daemon=True)
        client.start()
        started.append((client, ours))
    return started


async def _until_connected(fleet: Fleet, streams: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            if len(fleet.sessions) == streams and all(session.is_synced for session in fleet.sessions):
                return
            await asyncio.sleep(0.05)


async def _rounds(fleet: Fleet, process: psutil.Process, kind: str, streams: int) -> Row:
    spent, times = process.cpu_times(), []
    for number in range(ROUNDS):
        times.append(await fleet.push(framed(kind, "service-7", bytes(400) + b"%d" % number)))
    now = process.cpu_times()
    cpu = (now.user + now.system - spent.user - spent.system) / ROUNDS / streams
    figures = {
        "streams": streams,
        "p50 ms": statistics.median(times) * 1e3,
        "p99 ms": sorted(times)[min(len(times) - 1, int(len(times) * 0.99))] * 1e3,
        "CPU µs a stream": cpu * 1e6,
    }
    return Row("one load assignment" if kind == ENDPOINT else "one virtual host", figures)


def _result(rows: list[Row], memory: float, streams: int) -> Result:
    worst = {key: max(float(row.figures[key] or 0) for row in rows) for key in ("p50 ms", "p99 ms", "CPU µs a stream")}
    rows = [Row(row.case, {**row.figures, "memory KB a stream": memory / 1024}) for row in rows]
    return Result(
        "xds_fanout",
        f"One change accepted by {streams:,} proxies",
        rows,
        (
            Budget("publish → accepted by all, p50", worst["p50 ms"], 50, "ms"),
            Budget("publish → accepted by all, p99", worst["p99 ms"], 150, "ms"),
            Budget("memory a stream", memory / 1024, 50, "KB"),
        ),
        (
            f"From `publish` to the last acknowledgement, {ROUNDS} rounds; each stream is a connection of its own.",
            f"The {WORKERS} processes of clients share the {os.cpu_count()} cores: they count in time, not in CPU.",
        ),
    )


def measure() -> Result:
    """Run it."""
    return asyncio.run(_measure(STREAMS))


if __name__ == "__main__":
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else STREAMS
    show(asyncio.run(_measure(streams)), Console())
