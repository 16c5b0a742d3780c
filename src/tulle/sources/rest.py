"""Configuration that others put here over the API: one document, YAML or JSON, until the next one replaces it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tulle.kit.latest import Latest
from tulle.kit.located_yaml import Malformed
from tulle.sources.base import Batch
from tulle.sources.bodies import Body
from tulle.sources.following import EVERYTHING

NAME = "rest"
LARGEST = 64 * 1024 * 1024
"""Bytes of a document."""


class RestSource:
    """A `tulle.sources.base.Source` that is fed by `put`. Both belong to one event loop."""

    name = NAME

    def __init__(self, folder: str = "") -> None:
        self._body = Body(NAME, NAME, folder)
        self._newest: Latest[Batch] = Latest()
        # Before the first document of this process, that of the one before it still counts.
        self._newest.set(Batch(unreadable=EVERYTHING))

    def put(self, data: bytes) -> None:
        """Replace everything.

        Raises:
            Malformed: this is no document; the one before stays.
        """
        if len(data) > LARGEST:
            raise Malformed(0, f"larger than {LARGEST // 2**20} MB")
        before = self._body.document
        document = self._body.read(data)
        if document is not before:
            self._newest.set(Batch((document,)))

    async def batches(self) -> AsyncIterator[Batch]:
        """What was put here last, at once and whenever it is replaced."""
        while True:
            yield await self._newest.next()
