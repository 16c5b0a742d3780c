"""Labels of tasks of Mesos as a source, as Traefik 1 had it: the master is asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

from tulle.clients.endpoints import shown
from tulle.clients.registries import mesos_state
from tulle.kit.clock import Clock
from tulle.model.findings import Severity
from tulle.model.registries import MesosSettings
from tulle.sources.legacy.configuration import configuration
from tulle.sources.legacy.mesos import told
from tulle.sources.readings import Entry, Reading, ReadingSource, Remark

NAME = "mesos"


def mesos_source(settings: MesosSettings, clock: Clock | None = None, folder: str = "") -> ReadingSource:
    """Every task that is exposed."""
    endpoints = [each.strip() for each in settings.endpoint.split(",")]
    attempts = [partial(_readings, settings, endpoint) for endpoint in endpoints]
    return ReadingSource(NAME, shown(settings.endpoint), attempts, clock, folder)


async def _readings(settings: MesosSettings, endpoint: str) -> AsyncGenerator[Reading, None]:
    while True:
        found = told(await mesos_state(endpoint, settings.state_timeout_second), settings)
        converted = configuration(found.configuration)
        remarks = [Remark(Severity.ERROR, f"{NAME}:task/{name}", sentence) for name, sentence in found.problems]
        remarks += [Remark(Severity.ERROR, NAME, sentence) for sentence in converted.errors]
        entries = (Entry(shown(settings.endpoint), converted.content),) if converted.content else ()
        yield Reading(entries, tuple(dict.fromkeys(remarks)))
        if not settings.watch:
            await asyncio.Event().wait()  # Nobody wants to know what comes later.
        await asyncio.sleep(settings.refresh_seconds)
