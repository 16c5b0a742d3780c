"""A web server as a source: asked again and again for one document, YAML or JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from tulle.clients.endpoints import shown
from tulle.clients.web import fetch
from tulle.kit.clock import Clock
from tulle.kit.located_yaml import Malformed
from tulle.model.findings import Finding
from tulle.model.providers import HttpSettings
from tulle.sources.base import Batch
from tulle.sources.bodies import Body
from tulle.sources.following import EVERYTHING, Following, Trouble

NAME = "http"
LARGEST = 64 * 1024 * 1024
"""Bytes of an answer, if the settings name no smaller limit."""
OFTEN = 0.01
"""Seconds between two questions, at least."""


class HttpSource:
    """A `tulle.sources.base.Source` over an address."""

    name = NAME

    def __init__(self, settings: HttpSettings, clock: Clock | None = None, folder: str = "") -> None:
        self._settings = settings
        self._following = Following([self._answers], clock)
        self._body = Body(NAME, shown(settings.endpoint), folder)

    async def batches(self) -> AsyncIterator[Batch]:
        """What the server says, at once and after every change."""
        last: bytes | Trouble | None = None
        async with aclosing(self._following.states()) as states:
            async for state in states:
                if state != last:
                    last = state
                    yield self._batch(state)

    def _batch(self, state: bytes | Trouble) -> Batch:
        try:
            if not isinstance(state, Trouble):
                return Batch((self._body.read(state),))
            wrong = state.finding(self._body.origin, f"provider {NAME}")
        except Malformed as error:
            message = f"{error.message}; what it last said still counts"
            wrong = Finding.error(self._body.origin.at(error.line + 1), message)
        return Batch((self._body.document,) if self._body.document else (), (wrong,), EVERYTHING)

    async def _answers(self) -> AsyncGenerator[bytes, None]:
        settings = self._settings
        largest = LARGEST if settings.max_response_body_size < 0 else min(settings.max_response_body_size, LARGEST)
        while True:
            yield await fetch(
                settings.endpoint,
                settings.poll_timeout,
                headers=dict(settings.headers),
                largest=largest,
                tls=settings.tls,
            )
            await asyncio.sleep(max(settings.poll_interval, OFTEN))
