"""Applications of Eureka as a source, as Traefik 1 had it: it is asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

from tulle.clients.endpoints import shown
from tulle.clients.registries import eureka_applications
from tulle.kit.clock import Clock
from tulle.model.findings import Severity
from tulle.model.registries import EurekaSettings
from tulle.sources.legacy import eureka
from tulle.sources.legacy.configuration import configuration
from tulle.sources.readings import Entry, Reading, ReadingSource, Remark

NAME = "eureka"


def eureka_source(settings: EurekaSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Every application that is up."""
    return ReadingSource(NAME, shown(settings.endpoint), [partial(_readings, settings)], clock, folder)


async def _readings(settings: EurekaSettings) -> AsyncGenerator[Reading, None]:
    while True:
        converted = configuration(eureka.configuration(await eureka_applications(settings.endpoint)))
        remarks = tuple(Remark(Severity.ERROR, NAME, sentence) for sentence in converted.errors)
        yield Reading((Entry(shown(settings.endpoint), converted.content),) if converted.content else (), remarks)
        if not settings.watch:
            await asyncio.Event().wait()  # Nobody wants to know what comes later.
        await asyncio.sleep(settings.refresh_seconds)
