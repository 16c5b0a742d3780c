"""Labels of Marathon's applications as a source, as Traefik 2 had it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from tulle.clients.endpoints import shown
from tulle.clients.registries import Marathon, marathon
from tulle.kit.clock import Clock, SystemClock
from tulle.model.findings import Severity
from tulle.model.registries import MarathonSettings
from tulle.sources.labels.applications import Choices, applications
from tulle.sources.labels.reading import LabelReader
from tulle.sources.readings import Reading, ReadingSource, Remark
from tulle.sources.signs import settled

NAME = "marathon"


def marathon_source(settings: MarathonSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Every application that is exposed, as soon as Marathon tells of it."""
    following = _Following(settings, clock or SystemClock())
    endpoints = [each.strip() for each in settings.endpoint.split(",")]
    attempts = [partial(following.readings, endpoint) for endpoint in endpoints]
    return ReadingSource(NAME, shown(settings.endpoint), attempts, clock, folder)


class _Following:
    def __init__(self, settings: MarathonSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._reader = LabelReader(settings.labels, NAME)

    async def readings(self, endpoint: str) -> AsyncGenerator[Reading, None]:
        async with marathon(self._settings, endpoint) as there:
            if self._settings.labels.watch:
                async with there.events() as events, aclosing(settled(events)) as signs:
                    yield await self._read(there)
                    async for _ in signs:
                        yield await self._read(there)
                return
            yield await self._read(there)
        await asyncio.Event().wait()  # Nobody wants to know what comes later.

    async def _read(self, there: Marathon) -> Reading:
        settings = self._settings
        choices = Choices(settings.force_task_hostname, settings.respect_readiness_checks, self._clock.now())
        exposed, wrong = applications(await there.applications(), self._reader, choices)
        return self._reader.read(exposed, (Remark(Severity.ERROR, place, sentence) for place, sentence in wrong))
