"""What every way of running an instance can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is to be run for one instance."""

    instance: str
    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    output: Path
    """The log that its output is appended to."""


class CannotStart(Exception):
    """The program could not be started; the message says why, in a sentence."""


class Driver(Protocol):
    """A platform. Handles are its own words for what it runs; they are still understood after a restart of ours."""

    async def start(self, program: Program) -> str:
        """Start it and return its handle.

        Raises:
            CannotStart: as it says.
        """
        ...

    def is_running(self, handle: str) -> bool:
        """Whether it has not ended."""
        ...

    async def wait(self, handle: str) -> str:
        """Wait for its end and say how it ended: `ended with exit status 1`."""
        ...

    async def stop(self, handle: str, grace: float) -> None:
        """End it and everything that it started: politely, and after `grace` seconds by force."""
        ...

    def find(self, instances: frozenset[str]) -> Mapping[str, str]:
        """Handles of those of the instances that run, even if nobody could record their handle."""
        ...
