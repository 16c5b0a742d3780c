"""Finding out whether an instance can take requests: by HTTP, by connecting, by a command. Cheap: no HTTP client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tulle.kit import processes
from tulle.model.services import Protocol
from tulle.model.workloads import Binding, Instance, Probe
from tulle.runtime import http2
from tulle.runtime.environment import variable

_LARGEST_FRAME = 16_384
"""Bytes; what a client that has not asked for more may be sent (RFC 9113 §6.5.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is probed."""

    instance: Instance
    directory: str
    environment: Mapping[str, str]


async def problem(probe: Probe, subject: Subject) -> str:
    """Why the instance is not ready, in a few words; empty if it is."""
    try:
        async with asyncio.timeout(probe.timeout):
            if probe.command:
                return await _command(probe, subject)
            binding = probed(probe, subject.instance)
            if binding is None:
                return ""  # Nothing to ask: it is ready as long as it runs.
            if probe.path:
                return await _http(binding, probe.path)
            if binding.protocol is Protocol.UDP:
                return _bound(binding)
            async with _connected(binding):
                return ""
    except TimeoutError:
        return f"{_what(probe, subject.instance)} did not answer within {probe.timeout:g} s"
    except (ConnectionRefusedError, FileNotFoundError):
        return _nobody(probe, subject.instance)
    except OSError as error:
        return f"{_what(probe, subject.instance)} is not reachable: {_words(error)}"


def probed(probe: Probe, instance: Instance) -> Binding | None:
    """The port that a probe asks: the one that it names, else the first that fits, else the first."""
    if probe.port:
        return next((binding for binding in instance.bindings if binding.name == probe.port), None)
    fitting = (b for b in instance.bindings if b.protocol.is_http or (not probe.path and b.protocol is Protocol.TCP))
    return next(fitting, next(iter(instance.bindings), None))


async def _http(binding: Binding, path: str) -> str:
    async with _connected(binding) as (reader, writer):
        try:
            status = await (_ask_http2 if binding.protocol.is_http2 else _ask_http1)(reader, writer, path)
        except (ValueError, EOFError):
            language = "HTTP/2" if binding.protocol.is_http2 else "HTTP/1"
            return f"GET {path} on port {binding.name} was not answered by {language}"
    return "" if 200 <= status < 400 else f"GET {path} on port {binding.name} was answered {status}"


async def _ask_http1(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tulle-probe\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    version, status, *_ = (*(await reader.readline()).decode("latin-1").split(), "", "")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    return int(status)


async def _ask_http2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    writer.write(http2.get(path))
    while True:
        header = await reader.readexactly(9)
        size = http2.payload_size(header)
        if size > _LARGEST_FRAME:
            raise ValueError("no HTTP/2")
        status = http2.status(header, await reader.readexactly(size))
        if status is not None:
            return status


async def _command(probe: Probe, subject: Subject) -> str:
    # Without the variable by which instances are found again: a probe must not be taken for what it probes.
    environment = {name: value for name, value in subject.environment.items() if name != "TULLE_INSTANCE"}
    try:
        process = processes.spawn(
            ("/bin/sh", "-c", probe.command), environment=environment, directory=subject.directory
        )
    except processes.CannotSpawn as error:
        return f"its probe cannot be run: {error}"
    try:
        status = await processes.wait(process)
    except asyncio.CancelledError:
        await processes.terminate(process, 0)
        raise
    return "" if status == 0 else f"its probe command ended with exit status {status}"


def _bound(binding: Binding) -> str:
    """Nobody answers an empty datagram; the kernel's table says whether somebody would receive it (proc(5))."""
    ending = f":{int(binding.application.rpartition(':')[2]):04X}"
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(FileNotFoundError):
            if any(line.split()[1].endswith(ending) for line in Path(table).read_text().splitlines()[1:]):
                return ""
    return f"nothing listens on UDP port {binding.name} ({binding.application}) yet"


@contextlib.asynccontextmanager
async def _connected(binding: Binding) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    if binding.application.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(binding.application)
    else:
        host, _, port = binding.application.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _what(probe: Probe, instance: Instance) -> str:
    if probe.command:
        return "its probe command"
    binding = probed(probe, instance)
    assert binding is not None
    return f"port {binding.name} ({binding.application})"


def _nobody(probe: Probe, instance: Instance) -> str:
    binding = probed(probe, instance)
    assert binding is not None, "a command does not connect"
    name = "SOCKET" if binding.application.startswith("/") else f"PORT_{variable(binding.name)}"
    name = "PORT" if binding is instance.bindings[0] and name != "SOCKET" else name
    return f"nothing listens on {_what(probe, instance)}, which is {name} in its environment"


def _words(error: OSError) -> str:
    """asyncio joins several errors into one without a number; the first line of that will do."""
    return error.strerror or str(error).partition("\n")[0]
