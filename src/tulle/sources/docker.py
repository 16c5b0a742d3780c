"""Labels of Docker's containers as a source."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from tulle.clients.endpoints import shown
from tulle.clients.engine import Engine, EventsRefused, engine
from tulle.kit.clock import Clock
from tulle.model.findings import Severity
from tulle.model.registries import DockerSettings
from tulle.sources.labels.containers import Container, container
from tulle.sources.labels.decoding import Unusable
from tulle.sources.labels.reading import LabelReader
from tulle.sources.readings import Reading, ReadingSource, Remark
from tulle.sources.signs import settled, ticks

NAME = "docker"
ASKED_AGAIN = 15.0
"""Seconds, where events are not told."""
_HOSTS = ("host.docker.internal", "host.containers.internal")
"""What the host may be called from inside a container."""
_RESOLVING = 2.0


def docker_source(settings: DockerSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Every container that is exposed, as soon as the engine tells of it."""
    return ReadingSource(NAME, shown(settings.engine.endpoint), [_Following(settings).readings], clock, folder)


class _Following:
    def __init__(self, settings: DockerSettings) -> None:
        self._settings = settings
        self._reader = LabelReader(settings.labels, NAME)

    async def readings(self) -> AsyncGenerator[Reading, None]:
        async with engine(self._settings.engine) as docker:
            if not self._settings.labels.watch:
                yield await self._read(docker)
            else:
                try:
                    async with docker.events() as events, aclosing(settled(events)) as signs:
                        yield await self._read(docker)
                        async for _ in signs:
                            yield await self._read(docker)
                    return
                except EventsRefused as error:
                    refused = str(error)
                async with aclosing(self._asking(docker, refused)) as readings:
                    async for reading in readings:
                        yield reading
        await asyncio.Event().wait()  # Nobody wants to know what comes later.

    async def _asking(self, docker: Engine, refused: str) -> AsyncGenerator[Reading, None]:
        """Again and again, where events are not told."""
        sentence = f"it does not tell of events, so it is asked every {ASKED_AGAIN:g} s: {refused}"
        remark = Remark(Severity.WARNING, NAME, sentence)
        async with aclosing(ticks(ASKED_AGAIN)) as signs:
            yield await self._read(docker, remark)
            async for _ in signs:
                yield await self._read(docker, remark)

    async def _read(self, docker: Engine, *remarks: Remark) -> Reading:
        said = await docker.containers()
        found, wrong = _containers(said)
        host = await _host() if any(each.network_mode == "host" for each in found) else ""
        reading = self._reader.containers(found, host)
        return Reading(reading.entries, (*remarks, *reading.remarks, *wrong))


def _containers(said: Sequence[Any]) -> tuple[list[Container], list[Remark]]:
    found: list[Container] = []
    wrong: list[Remark] = []
    for each in said:
        try:
            found.append(container(each))
        except Unusable as error:
            name = each.get("Name") if isinstance(each, dict) else None
            place = f"{NAME}:container/{str(name or '?').removeprefix('/')}"
            wrong.append(Remark(Severity.ERROR, place, f"{error}. It is not exposed"))
    return found, wrong


async def _host() -> str:
    """Where ports of the host are, seen from here."""
    loop = asyncio.get_running_loop()
    for name in _HOSTS:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_RESOLVING):
                found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
                return str(found[0][4][0])
    return "127.0.0.1"
