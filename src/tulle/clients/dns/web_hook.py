"""A web server that changes records, asked as lego's provider `httpreq` asks it."""

from __future__ import annotations

from collections.abc import Mapping

from tulle.clients.dns.base import POLLING_INTERVAL, PROPAGATION_TIMEOUT, CannotChange, TextRecord
from tulle.clients.dns.variables import Variables
from tulle.clients.endpoints import shown


class WebHook:
    """A `tulle.clients.dns.base.Provider`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the variables `HTTPREQ_…`.

        Raises:
            Unconfigured: one is missing.
        """
        variables = Variables(environment, "HTTPREQ_")
        self._address = variables.needed("ENDPOINT").rstrip("/")
        self._is_raw = variables.text("MODE") == "RAW"
        self._user, self._password = variables.text("USERNAME"), variables.text("PASSWORD")
        self._timeout = variables.seconds("HTTP_TIMEOUT", 30.0)
        self.propagation_timeout = variables.seconds("PROPAGATION_TIMEOUT", PROPAGATION_TIMEOUT)
        self.polling_interval = variables.seconds("POLLING_INTERVAL", POLLING_INTERVAL)

    async def present(self, record: TextRecord) -> None:
        """Add it beside others of its name."""
        await self._post("present", record)

    async def remove(self, record: TextRecord) -> None:
        """Remove it, and no other of its name."""
        await self._post("cleanup", record)

    async def _post(self, action: str, record: TextRecord) -> None:
        import httpx

        body = {"fqdn": record.name, "value": record.value}
        if self._is_raw:
            body = {"domain": record.domain, "token": record.token, "keyAuth": record.authorization}
        login = (
            httpx.BasicAuth(self._user, self._password) if self._user and self._password else httpx.USE_CLIENT_DEFAULT
        )
        address = f"{self._address}/{action}"
        try:
            async with httpx.AsyncClient(timeout=self._timeout) as client:
                answer = await client.post(address, json=body, auth=login)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise CannotChange(f"{shown(address)} cannot be reached: {error or type(error).__name__}") from error
        if answer.status_code >= 300:
            raise CannotChange(f"{shown(address)} answers {answer.status_code} {answer.reason_phrase}".rstrip())
