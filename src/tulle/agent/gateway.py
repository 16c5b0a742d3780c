"""The gateway of this host: one Envoy, as long as one is assigned."""

from __future__ import annotations

import logging

from tulle.agent.proxies import Proxies, ProxyFailed, ProxyRecord
from tulle.kit.latest import Latest
from tulle.model.security import Identity
from tulle.model.workloads import GatewayAssignment

log = logging.getLogger(__name__)

DRAIN = 3.0
"""Seconds that requests may take to finish when the gateway ends."""


class Gateway:
    """Starts and ends the gateway; `run` owns it."""

    def __init__(self, host: str, proxies: Proxies) -> None:
        self.id = f"gateway-{host}"
        self._host = host
        self._proxies = proxies
        self._assigned: Latest[tuple[GatewayAssignment | None]] = Latest()

    def assign(self, assignment: GatewayAssignment | None) -> None:
        """From now on there is to be this gateway, or none."""
        self._assigned.set((assignment,))

    async def run(self) -> None:
        """Follow the assignments until cancelled. The Envoy lives on."""
        while True:
            (assignment,) = await self._assigned.next()
            if assignment is None:
                await self.stop()
                continue
            try:
                await self._proxies.start(self._record(assignment))
                log.info("the gateway serves")
            except ProxyFailed as error:
                # Its Envoy and its supply go on trying by themselves.
                log.error("gateway: %s", error)

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
