"""A program of one's own that changes records, called as lego's provider `exec` calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tulle.clients.dns.base import POLLING_INTERVAL, PROPAGATION_TIMEOUT, CannotChange, TextRecord
from tulle.clients.dns.variables import Variables

PATIENCE = 120.0
LONGEST = 300
"""Characters of what it said that are shown."""


class Program:
    """A `tulle.clients.dns.base.Provider`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the variables `EXEC_…`.

        Raises:
            Unconfigured: one is missing.
        """
        variables = Variables(environment, "EXEC_")
        self._path = variables.needed("PATH")
        self._is_raw = variables.text("MODE") == "RAW"
        self._environment = dict(environment)
        self.propagation_timeout = variables.seconds("PROPAGATION_TIMEOUT", PROPAGATION_TIMEOUT)
        self.polling_interval = variables.seconds("POLLING_INTERVAL", POLLING_INTERVAL)

    async def present(self, record: TextRecord) -> None:
        """Add it beside others of its name."""
        await self._call("present", record)

    async def remove(self, record: TextRecord) -> None:
        """Remove it, and no other of its name."""
        await self._call("cleanup", record)

    async def _call(self, action: str, record: TextRecord) -> None:
        arguments: tuple[str, ...] = (record.name, record.value)
        if self._is_raw:
            arguments = ("--", record.domain, record.token, record.authorization)
        try:
            process = await asyncio.create_subprocess_exec(
                self._path,
                action,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=self._environment,
            )
        except OSError as error:
            raise CannotChange(f"{self._path} cannot be run: {(error.strerror or str(error)).lower()}") from error
        try:
            async with asyncio.timeout(PATIENCE):
                said, _ = await process.communicate()
        except TimeoutError as error:
            raise CannotChange(f"{self._path} has not ended within {PATIENCE:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            text = said.decode("utf-8", "replace").strip()[-LONGEST:]
            raise CannotChange(f"{self._path} {action} ended with {process.returncode}{': ' if text else ''}{text}")
