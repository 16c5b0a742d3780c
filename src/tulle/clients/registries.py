"""Registries of applications by their REST interfaces: Marathon, Mesos, Eureka. Knows nothing of what labels mean."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from tulle.clients.answers import refused
from tulle.clients.endpoints import CannotFetch, reason, session
from tulle.clients.questions import asked
from tulle.model.registries import MarathonSettings

if TYPE_CHECKING:
    import httpx

EUREKA_PATIENCE = 30.0
"""Seconds for an answer."""
_EMBED: dict[str, str | list[str]] = {"embed": ["apps.tasks", "apps.deployments", "apps.readiness"]}
_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of an event: those of deployments have all applications in them."""
_JSON = {"accept": "application/json"}


class Marathon:
    """A Marathon that can be asked."""

    def __init__(self, client: httpx.AsyncClient, patience: float) -> None:
        self._client, self._patience = client, patience

    async def applications(self) -> list[Any]:
        """Every application with its tasks."""
        said = await asked(self._client, "/v2/apps", _EMBED, self._patience)
        found = said.get("apps") if isinstance(said, dict) else None
        if not isinstance(found, list):
            raise CannotFetch("its answer has no list of apps, so this is no Marathon")
        return found

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncGenerator[str, None]]:
        """The types of events from now on."""
        import httpx

        timeout = httpx.Timeout(self._patience, read=None)
        headers = {"accept": "text/event-stream"}
        async with self._client.stream("GET", "/v2/events", headers=headers, timeout=timeout) as answer:
            if answer.status_code != 200:
                raise await refused(answer)
            async with aclosing(_types(answer)) as found:
                yield found


@asynccontextmanager
async def marathon(settings: MarathonSettings, endpoint: str) -> AsyncIterator[Marathon]:
    """A connection with a Marathon.

    Raises:
        CannotFetch: it cannot be reached, or its answers make no sense.
    """
    import httpx

    headers = dict(_JSON)
    if settings.dcos_token:
        headers["authorization"] = f"token={settings.dcos_token}"
    elif settings.username:
        pair = f"{settings.username}:{settings.password}".encode()
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    async with _plain_words(), session(endpoint, settings.tls, headers) as client:
        client.timeout = httpx.Timeout(settings.dialer_timeout, read=settings.response_header_timeout)
        yield Marathon(client, settings.response_header_timeout)


async def mesos_state(endpoint: str, patience: float) -> Any:
    """What a master knows, asked of the one that leads.

    Raises:
        CannotFetch: it cannot be reached, or does not lead, or its answers make no sense.
    """
    async with _plain_words(), session(endpoint, None, _JSON, patience) as client:
        client.follow_redirects = True  # Others send to the one that leads.
        said = await asked(client, "/master/state", None, patience)
    if not isinstance(said, dict) or "frameworks" not in said:
        raise CannotFetch("its answer has no frameworks, so this is no master of Mesos")
    if said.get("leader") and said.get("pid") and said["leader"] != said["pid"]:
        raise CannotFetch(f"it does not lead; {str(said['leader']).rpartition('@')[2]} does")
    return said


async def eureka_applications(endpoint: str) -> Any:
    """Every application that is registered, with its instances.

    Raises:
        CannotFetch: it cannot be reached, or its answers make no sense.
    """
    async with _plain_words(), session(endpoint, None, _JSON, EUREKA_PATIENCE) as client:
        said = await asked(client, "/apps", None, EUREKA_PATIENCE)
    if not isinstance(said, dict) or not isinstance(said.get("applications"), dict):
        raise CannotFetch("its answer has no applications, so this is no Eureka")
    return said["applications"]


@asynccontextmanager
async def _plain_words() -> AsyncIterator[None]:
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CannotFetch(reason(error)) from error


async def _types(answer: httpx.Response) -> AsyncGenerator[str, None]:
    """Of events as servers send them (`event: …`); what they say is of no interest."""
    rest = bytearray()
    async for part in answer.aiter_raw():
        rest += part
        while (end := rest.find(b"\n")) >= 0:
            line = bytes(rest[:end]).strip()
            del rest[: end + 1]
            if line.startswith(b"event:"):
                yield line.removeprefix(b"event:").strip().decode("utf-8", "replace")
        if len(rest) > _LONGEST_LINE:
            raise CannotFetch("an event is too large")
