"""The xDS server that the Envoys of this host know, on a Unix socket: hands each stream to the supply of its proxy."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tulle.agent.supply import Supply
from tulle.xds.server import serve
from tulle.xds.subscription import Refused, Session

TICK = 0.25
"""Seconds between looks at who waits."""


class Relay:
    """Provider of the local server."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._supplies: dict[str, Supply] = {}

    def add(self, proxy_id: str, supply: Supply) -> None:
        """Serve a proxy from now on."""
        self._supplies[proxy_id] = supply

    def remove(self, proxy_id: str) -> None:
        """Serve a proxy no longer."""
        self._supplies.pop(proxy_id, None)

    async def run(self) -> None:
        """Serve for ever.

        Raises:
            tulle.xds.server.AddressInUse: the socket cannot be made.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(self, address=f"unix:{self._socket}"))
            tasks.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            for supply in tuple(self._supplies.values()):
                supply.tick()

    def opened(self, session: Session) -> None:
        """An Envoy introduced itself."""
        supply = self._supplies.get(session.node_id)
        if supply is None:
            raise Refused(f"this host has no proxy {session.node_id}")
        supply.opened(session)

    def closed(self, session: Session) -> None:
        """The stream of an Envoy ended."""
        supply = self._supplies.get(session.node_id)
        if supply is not None:
            supply.closed(session)

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        """An Envoy asks for exactly these by name."""
        supply = self._supplies.get(session.node_id)
        if supply is not None:
            supply.wanted(session, type_url, names)

    def settled(self, session: Session) -> None:
        """An Envoy accepted or refused something."""
        supply = self._supplies.get(session.node_id)
        if supply is not None:
            supply.settled(session)
