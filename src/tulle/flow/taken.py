"""The newest mesh that everybody has taken: what proxies do together can go on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tulle.kit.latest import Latest
from tulle.model.mesh import Mesh

PATIENCE = 10.0
"""Seconds that are waited for proxies that take nothing."""
TICK = 0.1
GRACE = 1.0
"""Seconds that requests may be on the way which began before; and an Envoy that has accepted a cluster goes on with the
one before until the new one is warm, which takes a while on a busy machine."""


class Taken:
    """Follows what is published. As long as nobody waits, nothing is kept."""

    def __init__(
        self,
        are_synced: Callable[[], bool],
        changed: Callable[[], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`changed` is called after every change of `mesh`; `pause` waits for some seconds."""
        self.mesh = Mesh()
        self._are_synced = are_synced
        self._changed = changed
        self._pause = pause
        self._published: Latest[Mesh] = Latest()
        self._newest = self.mesh

    def published(self, mesh: Mesh, *, is_awaited: bool) -> None:
        """This is the newest mesh; perhaps somebody waits until every proxy has taken it."""
        self._newest = mesh
        if is_awaited:
            self._published.set(mesh)
        else:
            self.mesh = Mesh()

    async def run(self) -> None:
        """Wait until cancelled; a mesh that is not the newest any more counts for nothing."""
        while True:
            mesh = await self._published.next()
            waited = 0.0
            while waited < PATIENCE and not self._are_synced():
                await self._pause(TICK)
                waited += TICK
            await self._pause(GRACE)
            if mesh is self._newest:
                self.mesh = mesh
                self._changed()
