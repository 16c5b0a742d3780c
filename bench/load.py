"""Load generators, and what the load costs the processes that carry it. Drives `wrk` and `h2load`; serves nothing."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE, LOAD_CORE = CORES[0], CORES[-1]
"""What is measured has a core of its own, beside everything that is needed to measure it."""
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What a load generator saw."""

    requests: int
    failed: int
    seconds: float
    p50: float | None = None
    """Milliseconds; None where the generator does not tell."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of load, and the CPU time that the proxies spent on it."""

    load: Load
    cpu: float
    """Microseconds per request, user and system."""


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers took, in milliseconds."""

    p50: float
    p99: float


def wrk(url: str, *, seconds: int, connections: int = 64, headers: Sequence[str] = ()) -> Load:
    """HTTP/1.1 with keep-alive, as fast as answers come."""
    arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    arguments += [word for header in headers for word in ("-H", header)]
    out = _run([*arguments, url], seconds)
    found = re.search(r"(\d+) requests in ([\d.]+)(\w+)", out)
    assert found, out
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    statuses = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    failed = sum(map(int, errors.groups())) if errors else 0
    middle = re.search(r"50%\s+([\d.]+)(\w+)", out)
    p50 = float(middle[1]) * UNITS[middle[2]] if middle else None
    duration = float(found[2]) * UNITS[found[3]] / 1000
    return Load(int(found[1]), failed + (int(statuses[1]) if statuses else 0), duration, p50)


def h2load(url: str, *, seconds: int, clients: int = 16, streams: int = 16, headers: Sequence[str] = ()) -> Load:
    """HTTP/2, many streams per connection, as fast as answers come."""
    arguments = ["h2load", "-t1", f"-c{clients}", f"-m{streams}", "-D", str(seconds)]
    arguments += [word for header in headers for word in ("-H", header)]
    out = _run([*arguments, url], seconds)
    found = re.search(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded", out)
    assert found, out
    done, succeeded = int(found[2]), int(found[3])
    return Load(done, done - succeeded, seconds)


def steady(url: str, *, rate: int, seconds: int, headers: Sequence[str] = ()) -> Latency:
    """HTTP/1.1 at a rate that is far from the most that can be done, so that what takes long is what is slow."""
    clients = 10
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        log = Path(folder) / "requests.tsv"
        arguments = ["h2load", "--h1", "-t1", f"-c{clients}", f"--rps={rate // clients}", "-D", str(seconds)]
        arguments += [f"--log-file={log}", *(word for header in headers for word in ("-H", header)), url]
        _run(arguments, seconds)
        lines = [line.split("\t") for line in log.read_text().splitlines()]
    if not lines or any(status != "200" for _, status, _ in lines):
        raise RuntimeError(f"{len(lines)} requests to {url}, not all of which were answered")
    times = sorted(int(took) / 1000 for _, _, took in lines)
    return Latency(times[len(times) // 2], times[len(times) * 99 // 100])


def cost(processes: Iterable[psutil.Process], load: Load, before: float) -> Cost:
    """What `load` cost the processes that had spent `before` seconds of CPU when it began."""
    spent = cpu_seconds(processes) - before
    return Cost(load, spent / max(load.requests, 1) * 1e6)


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """User and system time of processes, in seconds."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def pin(process: psutil.Process, core: int) -> None:
    """Keep every thread of a process, the running ones included, on one core."""
    for thread in process.threads():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(thread.id, {core})


def resident_megabytes(process: psutil.Process) -> float:
    """Resident memory of one process."""
    return float(process.memory_info().rss) / 1e6


def _run(arguments: Sequence[str], seconds: float) -> str:
    command = ["taskset", "-c", str(LOAD_CORE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} failed: {done.stderr or done.stdout}")
    return done.stdout
