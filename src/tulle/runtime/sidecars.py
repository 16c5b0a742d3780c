"""What the runtime asks of whoever runs the proxies: the agent. The runtime itself knows nothing of Envoy."""

from __future__ import annotations

from typing import Protocol

from tulle.model.workloads import Assignment, Instance


class SidecarFailed(Exception):
    """The sidecar of an instance cannot serve; the message says why, in a sentence. It will be tried again."""


class Sidecars(Protocol):
    """The proxies beside the instances of this host."""

    async def start(self, instance: Instance, assignment: Assignment) -> None:
        """Start the sidecar, or adopt the one that already runs; return when it serves.

        Raises:
            SidecarFailed: as it says.
        """
        ...

    async def drain(self, instance: Instance) -> None:
        """Let no new request in, and wait until nothing is in flight."""
        ...

    async def stop(self, instance_id: str) -> None:
        """End it, if there is one."""
        ...
