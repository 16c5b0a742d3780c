"""Envoy's admin interface, over its Unix socket. Asks and tells; decides nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from tulle.clients.envoy_admin import exchange

TIMEOUT = 3.0
"""Seconds for an answer; Envoy's main thread gives it, which compiles listeners as well."""


class AdminUnreachable(ConnectionError):
    """Envoy's admin interface did not answer."""


class Admin:
    """The admin interface of one Envoy."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    async def state(self) -> str:
        """`LIVE` once it serves; before that `PRE_INITIALIZING` or `INITIALIZING`, at the end `DRAINING`.

        Raises:
            AdminUnreachable: nobody answers (not started yet, gone, or stuck).
        """
        # A 503 carries the state, like a 200.
        return (await self._request("GET", "/ready")).strip()

    async def drain(self) -> None:
        """Tell clients to go elsewhere (GOAWAY, `connection: close`); Envoy goes on serving.

        Raises:
            AdminUnreachable: nobody answers.
        """
        await self._request("POST", "/drain_listeners?graceful&skip_exit")

    async def in_flight(self) -> int:
        """Requests, and connections that are not HTTP, that have not come to their end.

        Raises:
            AdminUnreachable: nobody answers.
        """
        stats = json.loads(await self._request("GET", "/stats?format=json&type=Gauges"))["stats"]
        return in_flight({each["name"]: each["value"] for each in stats if "name" in each})

    async def _request(self, method: str, path: str) -> str:
        try:
            async with asyncio.timeout(TIMEOUT):
                return await exchange(self.socket, method, path)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise AdminUnreachable(f"Envoy does not answer on {self.socket.name}: {error!r}") from error


def in_flight(gauges: Mapping[str, int]) -> int:
    """HTTP requests, and connections that are not HTTP; an idle HTTP connection is no work."""
    requests = connections = 0
    for name, value in gauges.items():
        scope, _, gauge = name.rpartition(".")
        if ".admin" in name or ".worker_" in name or ".main_thread" in name:
            continue
        if scope.startswith("http."):
            requests += value if gauge == "downstream_rq_active" else 0
            connections -= value if gauge == "downstream_cx_active" else 0
        elif scope.startswith("listener."):
            connections += value if gauge == "downstream_cx_active" else 0
    return requests + max(connections, 0)
