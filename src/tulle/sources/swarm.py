"""Labels of services of a Docker Swarm as a source; the engine tells of no changes, so it is asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from tulle.clients.endpoints import shown
from tulle.clients.engine import Engine, engine
from tulle.kit.clock import Clock
from tulle.model.findings import Severity
from tulle.model.registries import SwarmSettings
from tulle.sources.labels.containers import Container, Surroundings
from tulle.sources.labels.decoding import Own
from tulle.sources.labels.reading import LabelReader
from tulle.sources.labels.tasks import SwarmState, Unread, members
from tulle.sources.readings import Reading, ReadingSource, Remark
from tulle.sources.signs import ticks

NAME = "swarm"


def swarm_source(settings: SwarmSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Every service that is exposed."""
    return ReadingSource(NAME, shown(settings.engine.endpoint), [_Following(settings).readings], clock, folder)


class _Following:
    def __init__(self, settings: SwarmSettings) -> None:
        self._settings = settings
        self._reader = LabelReader(settings.labels, NAME)

    async def readings(self) -> AsyncGenerator[Reading, None]:
        async with engine(self._settings.engine) as docker:
            yield await self._read(docker)
            if self._settings.labels.watch:
                async with aclosing(ticks(self._settings.refresh_seconds)) as signs:
                    async for _ in signs:
                        yield await self._read(docker)
        await asyncio.Event().wait()  # Nobody wants to know what comes later.

    async def _read(self, docker: Engine) -> Reading:
        return read(SwarmState(**await docker.swarm()), self._reader)


def read(state: SwarmState, reader: LabelReader) -> Reading:
    """What the services of a Swarm say."""
    pairs: list[tuple[Container, Own]] = []
    remarks: list[Remark] = []
    settings = reader.settings
    for each in members(state, settings.exposed_by_default, settings.allow_empty_services):
        if isinstance(each, Unread):
            place = f"{NAME}:service/{each.name}"
            remarks.append(Remark(Severity.ERROR, place, f"{each.sentence}. It is not exposed"))
        else:
            pairs.append(each)
    return reader.members(pairs, Surroundings(settings.use_bind_port_ip), remarks)
