"""The gateway of this host, as long as one is assigned: one Envoy, and what it asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tulle.agent.proxies import Proxies, ProxyFailed, ProxyRecord
from tulle.kit.latest import Latest
from tulle.model.security import Identity
from tulle.model.workloads import GatewayAssignment

log = logging.getLogger(__name__)

DRAIN = 3.0
"""Seconds that requests may take to finish when the gateway ends."""
RETRY = 1.0
"""Seconds until a consultant that failed is started again."""


class Gateway:
    """Starts and ends the gateway; `run` owns it."""

    def __init__(self, host: str, proxies: Proxies, consult: Callable[[], Awaitable[None]]) -> None:
        """`consult` answers what the gateway asks, until it is cancelled."""
        self.id = f"gateway-{host}"
        self._host = host
        self._proxies = proxies
        self._consult = consult
        self._assigned: Latest[tuple[GatewayAssignment | None]] = Latest()

    def assign(self, assignment: GatewayAssignment | None) -> None:
        """From now on there is to be this gateway, or none."""
        self._assigned.set((assignment,))

    async def run(self) -> None:
        """Follow the assignments until cancelled. The Envoy lives on."""
        async with asyncio.TaskGroup() as tasks:
            # One that was adopted asks already.
            consultant = tasks.create_task(self._advise()) if self.id in self._proxies.ids else None
            while True:
                (assignment,) = await self._assigned.next()
                if assignment is None:
                    await self.stop()
                    if consultant is not None:
                        consultant.cancel()
                        consultant = None
                    continue
                if consultant is None:
                    consultant = tasks.create_task(self._advise())
                await self._start(assignment)

    async def _start(self, assignment: GatewayAssignment) -> None:
        try:
            await self._proxies.start(self._record(assignment))
            log.info("the gateway serves")
        except ProxyFailed as error:
            # Its Envoy and its supply go on trying by themselves.
            log.error("gateway: %s", error)

    async def _advise(self) -> None:
        while True:
            try:
                await self._consult()
            except OSError as error:
                log.error("passwords are not verified, and requests are not counted: %s", error)
            await asyncio.sleep(RETRY)

    async def stop(self) -> None:
        """Let requests finish, and end it."""
        if self.id in self._proxies.ids:
            await self._proxies.drain(self.id, DRAIN)
            await self._proxies.stop(self.id)

    def _record(self, assignment: GatewayAssignment) -> ProxyRecord:
        name = assignment.name
        return ProxyRecord(
            id=self.id,
            role="gateway",
            host=self._host,
            service=str(name),
            identity=Identity(assignment.trust_domain, name.namespace, name.name),
            concurrency=assignment.concurrency,
            environment=assignment.proxy_environment,
        )
