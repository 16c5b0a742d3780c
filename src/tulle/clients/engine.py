"""Docker's engine by its HTTP API, over a Unix socket or TCP. Knows nothing of what labels mean."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from tulle.clients.answers import lines, refused
from tulle.clients.endpoints import CONNECTING, KEEP_ALIVE, CannotFetch, context, reason, shown
from tulle.clients.questions import Refused, asked
from tulle.model.registries import EngineSettings

if TYPE_CHECKING:
    import httpx

NEWEST = (1, 51)
"""The newest version of the API of which this knows that it works; an engine may demand a newer one."""
PATIENCE = 30.0
"""Seconds for an answer, if settings say nothing."""
AT_ONCE = 8
"""Questions."""
MOST = 20_000
"""Containers."""
LARGEST_EVENT = 1024 * 1024
_ACTIONS = frozenset(
    ("create", "start", "die", "destroy", "rename", "update", "pause", "unpause", "connect", "disconnect")
)
"""Events after which something may be different; those of health checks that were run are far more."""


class Engine:
    """An engine that was asked for its version."""

    def __init__(self, client: httpx.AsyncClient, version: tuple[int, int], patience: float) -> None:
        self.version = version
        self._client, self._patience = client, patience

    async def containers(self) -> list[Any]:
        """Every container as `inspect` shows it, whether it runs or not."""
        found = await self._list("/containers/json", {"all": "true"})
        if len(found) > MOST:
            raise CannotFetch(f"it has more than {MOST:,} containers")
        limit = asyncio.Semaphore(AT_ONCE)

        async def inspected(identifier: str) -> Any:
            async with limit:
                return await self._get(f"/containers/{identifier}/json", may_be_missing=True)

        try:
            async with asyncio.TaskGroup() as tasks:
                answers = [tasks.create_task(inspected(_identifier(each))) for each in found]
        except* CannotFetch as errors:
            raise _first(errors) from errors
        return [each.result() for each in answers if each.result() is not None]

    async def swarm(self) -> Mapping[str, list[Any]]:
        """Services, their tasks, networks and nodes."""
        networks = {"scope": ["swarm"]} if self.version >= (1, 29) else {"driver": ["overlay"]}
        try:
            nodes = await self._list("/nodes")
        except Refused:
            nodes = []  # Only needed for tasks in the network of their host; many allow less.
        return {
            "services": await self._list("/services"),
            "tasks": await self._list("/tasks", _filters({"desired-state": ["running"]})),
            "networks": await self._list("/networks", _filters(networks)),
            "nodes": nodes,
        }

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncGenerator[Any, None]]:
        """What happens to containers and their networks from now on.

        Raises:
            EventsRefused: the engine, or what stands before it, does not tell.
        """
        import httpx

        filters = _filters({"type": ["container", "network"]})
        path = f"{self._prefix}/events"
        timeout = httpx.Timeout(CONNECTING, read=None)
        async with self._client.stream("GET", path, params=filters, timeout=timeout) as answer:
            if answer.status_code != 200:
                raise EventsRefused(str(await refused(answer)))
            async with aclosing(_relevant(answer)) as found:
                yield found

    @property
    def _prefix(self) -> str:
        return f"/v{self.version[0]}.{self.version[1]}"

    async def _list(self, path: str, query: Mapping[str, str] | None = None) -> list[Any]:
        found = await self._get(path, query)
        if found is None:
            return []  # As Go writes an empty list.
        if not isinstance(found, list):
            raise CannotFetch(f"the answer to {path} is no list")
        return found

    async def _get(self, path: str, query: Mapping[str, str] | None = None, may_be_missing: bool = False) -> Any:
        return await asked(self._client, f"{self._prefix}{path}", query, self._patience, may_be_missing)


class EventsRefused(CannotFetch):
    """Events are not told, though the rest may be."""


@asynccontextmanager
async def engine(settings: EngineSettings) -> AsyncIterator[Engine]:
    """A connection with an engine, by the newest version of the API that both know.

    Raises:
        CannotFetch: it cannot be reached (at once, or when something is asked), or its answers make no sense.
    """
    import httpx

    patience = settings.http_client_timeout or PATIENCE
    try:
        async with _session(settings, patience) as client:
            yield Engine(client, _version(await asked(client, "/version", None, patience)), patience)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CannotFetch(reason(error)) from error


def _version(said: object) -> tuple[int, int]:
    newest = _numbers(said, "ApiVersion")
    if newest is None:
        raise CannotFetch("it does not say which version of Docker's API it speaks")
    return max(min(NEWEST, newest), _numbers(said, "MinAPIVersion") or (0, 0))


def _numbers(said: object, name: str) -> tuple[int, int] | None:
    text = said.get(name) if isinstance(said, dict) else None
    major, _, minor = text.partition(".") if isinstance(text, str) else ("", "", "")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _session(settings: EngineSettings, patience: float) -> httpx.AsyncClient:
    import httpx

    scheme, _, rest = settings.endpoint.partition("://")
    headers = {"accept-encoding": "identity", "user-agent": "tulle"}
    if settings.username and settings.password:
        pair = f"{settings.username}:{settings.password}".encode()
        headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if scheme == "unix":
        base, transport = "http://docker", httpx.AsyncHTTPTransport(uds=rest)
    elif scheme in ("tcp", "http", "https") and rest:
        is_tls = scheme == "https" or settings.tls is not None
        base = f"{'https' if is_tls else 'http'}://{rest.rstrip('/')}"
        verify = context(settings.tls) if is_tls else False
        transport = httpx.AsyncHTTPTransport(verify=verify, socket_options=KEEP_ALIVE)
    else:
        raise CannotFetch(f"the endpoint {shown(settings.endpoint)} is none; write unix:///path or tcp://host:port")
    timeout = httpx.Timeout(CONNECTING, read=patience)
    return httpx.AsyncClient(base_url=base, headers=headers, timeout=timeout, transport=transport, trust_env=False)


async def _relevant(answer: httpx.Response) -> AsyncGenerator[Any, None]:
    async with aclosing(lines(answer, LARGEST_EVENT)) as found:
        async for event in found:
            action = event.get("Action") if isinstance(event, dict) else None
            if isinstance(action, str) and (action in _ACTIONS or action.startswith("health_status")):
                yield event


def _filters(filters: Mapping[str, list[str]]) -> Mapping[str, str]:
    return {"filters": json.dumps(filters)}


def _identifier(said: object) -> str:
    found = said.get("Id") if isinstance(said, dict) else None
    if not isinstance(found, str) or not found.isalnum():
        raise CannotFetch("it lists containers without identifiers")
    return found


def _first(errors: BaseExceptionGroup[CannotFetch]) -> CannotFetch:
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first if isinstance(first, CannotFetch) else CannotFetch(str(first))
