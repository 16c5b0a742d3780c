"""What the gateways of this replica answer authorities, and telling the others that they do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from tulle.flow.certificates.kept import REPLICAS, Replica, Shown
from tulle.flow.certificates.shelf import Shelf
from tulle.kit.clock import Clock
from tulle.kit.latest import Latest
from tulle.model.challenges import Answer
from tulle.store.base import StoreError

log = logging.getLogger(__name__)

MISSED = 3
"""Beats after which it counts as gone."""
PATIENCE = 15.0

Reached = Callable[[tuple[Answer, ...]], Awaitable[None]]
"""Returns when the gateways of this control plane answer that, and nothing else."""


class Gateways:
    """Keeps the record of this replica."""

    def __init__(self, shelf: Shelf, clock: Clock, me: str, reached: Reached, beat: float) -> None:
        self._shelf = shelf
        self._clock = clock
        self._name = REPLICAS + me
        self._reached = reached
        self._beat = beat
        self._newest: Latest[Mapping[str, Shown]] = Latest()
        self._shown: Mapping[str, Shown] = {}
        self._is_told = False

    def show(self, shown: Mapping[str, Shown]) -> None:
        """These are the answers now."""
        if not self._is_told or shown != self._shown:
            self._is_told, self._shown = True, shown
            self._newest.set(shown)

    async def run(self) -> None:
        """Say what the gateways have, until cancelled."""
        try:
            shown = await self._newest.next()
            while True:
                await self._said(shown)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._beat):
                        shown = await self._newest.next()
        finally:
            with contextlib.suppress(StoreError):
                await asyncio.to_thread(self._shelf.remove, self._name)

    async def _said(self, shown: Mapping[str, Shown]) -> None:
        has_reached = True
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reached(tuple(each.answer for each in shown.values() if each.answer is not None))
        except TimeoutError:
            has_reached = False
            log.warning("the gateways do not answer the authority within %g s", PATIENCE)
        replica = Replica(
            until=self._clock.now() + timedelta(seconds=self._beat * MISSED),
            shows=tuple(shown) if has_reached else (),
        )
        try:
            await asyncio.to_thread(self._shelf.put, self._name, replica)
        except StoreError as error:
            log.warning("other control planes cannot be told what the gateways answer: %s", error)
