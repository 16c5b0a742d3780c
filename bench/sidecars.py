"""What two sidecars cost, with mutual TLS, identity and authorization: Tulle's, and a pair as Istio has it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import istio_like, mesh, servers
from bench.certificates import Authority
from bench.load import PROXY_CORE, Cost, cost, cpu_seconds, pin, wrk
from bench.servers import free_port
from bench.table import Budget, Result, Row, median

SECONDS, ROUNDS = 3, 3


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sidecars, ready to be loaded at the outbound side of the first."""

    name: str
    processes: tuple[psutil.Process, psutil.Process]
    url: str


def measure() -> Result:
    """64 connections at full speed, and one connection for the latency that is added."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        directory = Path(folder)
        with tulle(directory) as ours, istio(directory / "full") as theirs, istio(directory / "bare", True) as bare:
            pairs = (ours, theirs, bare)
            busy: dict[str, list[Cost]] = {pair.name: [] for pair in pairs}
            calm: dict[str, list[Cost]] = {pair.name: [] for pair in pairs}
            for _ in range(ROUNDS):
                for pair in pairs:
                    busy[pair.name].append(_run(pair, connections=64))
                    calm[pair.name].append(_run(pair, connections=1))
    cpu = {name: median([one.cpu for one in found]) for name, found in busy.items()}
    p50 = {name: median([one.load.p50 or 0.0 for one in found]) for name, found in busy.items()}
    single = {name: median([one.load.p50 or 0.0 for one in found]) for name, found in calm.items()}
    rows = [
        _row("CPU of both, µs a request", cpu),
        _row("p50 with 64 connections, ms", p50),
        _row("p50 with 1 connection, ms", single),
    ]
    budgets = [
        Budget("two sidecars, CPU ÷ Istio-like", cpu["tulle"] / cpu["istio-like"], 0.6),
        Budget("two sidecars, p50 ÷ Istio-like", p50["tulle"] / p50["istio-like"], 0.6),
    ]
    return Result("sidecars", "Two sidecars in the way", rows, budgets, (NOTE,))


NOTE = (
    "HTTP/1.1 from wrk, HTTP/2 over mutual TLS 1.3 between the two, HTTP/1.1 to the server (100 bytes). Both proxies "
    f"share one core, load and server the other; medians of {ROUNDS} interleaved rounds of {SECONDS} s. The "
    "Istio-like pair is described in bench/istio_like.py; `bare` is the same without metrics and metadata headers."
)


def _run(pair: Pair, connections: int) -> Cost:
    before = cpu_seconds(pair.processes)
    load = wrk(pair.url, seconds=SECONDS, connections=connections, headers=["Host: server"])
    if load.failed or not load.requests:
        raise RuntimeError(f"{pair.name}: {load.failed} of {load.requests} requests failed")
    return cost(pair.processes, load, before)


def _row(case: str, figures: dict[str, float]) -> Row:
    ratios = {f"÷ {name}": figures["tulle"] / figures[name] for name in ("istio-like", "bare")}
    return Row(case, {**ratios, **figures})


@contextmanager
def tulle(directory: Path) -> Iterator[Pair]:
    """A service that only `client` may call, and the client."""
    text = f"""
services:
  client: {{port: 8000, command: exec {sys.executable} -m bench.application}}
  server: {{port: 8000, command: exec {sys.executable} -m bench.application, allow: [client]}}
"""
    with mesh.up(directory, text) as running:
        processes = running.proxy("client-"), running.proxy("server-")
        for process in processes:
            pin(process, PROXY_CORE)
        yield Pair("tulle", processes, running.outbound("client"))


@contextmanager
def istio(directory: Path, is_bare: bool = False) -> Iterator[Pair]:
    """The same by hand."""
    directory.mkdir()
    authority = Authority(directory)
    outbound, inbound = free_port(), free_port()
    client = istio_like.client(outbound, inbound, authority.workload("client"), authority.root, is_bare)
    with servers.upstream(directory) as application:
        server = istio_like.server(inbound, application, authority.workload("server"), authority.root, is_bare)
        with (
            servers.envoy(server, inbound, directory, core=PROXY_CORE) as callee,
            servers.envoy(client, outbound, directory, core=PROXY_CORE) as caller,
        ):
            yield Pair("bare" if is_bare else "istio-like", (caller, callee), f"http://127.0.0.1:{outbound}")
