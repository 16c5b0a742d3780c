"""Instances as processes of this host, in sessions of their own; no root, no container."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from tulle.kit import processes
from tulle.kit.processes import CannotSpawn, Spawned
from tulle.runtime.drivers.base import CannotStart, Program


class ProcessDriver:
    """A `Driver` whose handles are process numbers with their start times."""

    async def start(self, program: Program) -> str:
        """Start the program; see `Driver`."""
        try:
            process = processes.spawn(
                program.command,
                output=program.output,
                environment=program.environment,
                directory=program.directory,
            )
        except CannotSpawn as error:
            raise CannotStart(str(error)) from error
        return str(process)

    def is_running(self, handle: str) -> bool:
        """Whether the process has not ended; what it started may still run."""
        return processes.is_alive(Spawned.parse(handle))

    async def wait(self, handle: str) -> str:
        """Wait for its end; see `Driver`."""
        return how_it_ended(await processes.wait(Spawned.parse(handle)))

    async def stop(self, handle: str, grace: float) -> None:
        """End the process and its group; see `Driver`."""
        await processes.terminate(Spawned.parse(handle), grace)

    def find(self, instances: frozenset[str]) -> Mapping[str, str]:
        """Those that carry `TULLE_INSTANCE` in their environment and lead a session."""
        return {name: str(process) for name, process in processes.find("TULLE_INSTANCE", instances).items()}


def how_it_ended(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "ended"
    if status >= 0:
        return f"ended with exit status {status}"
    return f"was ended by signal {-status} ({signal.strsignal(-status) or 'unknown'})"
