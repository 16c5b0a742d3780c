"""Tells the plane what runs on this host: everything, after every change and at every new connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from tulle.agent.enrolment import Enrolment
from tulle.api.hosts_client import HostsClient, Refused, Unreachable
from tulle.api.hosts_messages import HostReport
from tulle.kit.backoff import Backoff

log = logging.getLogger(__name__)


class Reports:
    """The newest report, on its way to the plane."""

    def __init__(self, first: HostReport) -> None:
        self._newest = first
        self._changed = asyncio.Event()

    def set(self, report: HostReport) -> None:
        """This is how things are now."""
        if report != self._newest:
            self._newest = report
            self._changed.set()

    async def run(self, enrolment: Enrolment, plane: str) -> None:
        """Report for ever, to the plane at `plane` (`host:port`)."""
        backoff = Backoff(limit=2.0)
        while True:
            await enrolment.joined()
            try:
                async with enrolment.credentials.channel(plane) as channel:
                    async for _ in HostsClient(channel).report(self._reports()):
                        backoff = Backoff(limit=2.0)
            except Unreachable as error:
                log.debug("reports are not delivered: %s", error)
            except Refused as error:
                log.error("the control plane refuses the reports of this host: %s", error)
            await asyncio.sleep(backoff.failed())

    async def _reports(self) -> AsyncIterator[HostReport]:
        sent = None
        while True:
            # Compared, because the stream before this one may still be waiting for the same event.
            if self._newest is not sent:
                sent = self._newest
                yield sent
            else:
                self._changed.clear()
                await self._changed.wait()
