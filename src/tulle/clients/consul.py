"""The key-value store of Consul by its HTTP API: questions that are answered when something has changed."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tulle.clients.answers import refused, whole
from tulle.clients.endpoints import CannotFetch, reason, session
from tulle.clients.key_values import Pairs, Tree
from tulle.model.providers import ConsulSettings

if TYPE_CHECKING:
    import httpx

WAIT = 60
"""Seconds after which Consul answers although nothing has changed."""
PATIENCE = WAIT + WAIT / 16 + 10.0
"""Seconds for an answer: Consul adds up to a sixteenth, so that not everybody asks at once."""

SHORTEST, IDLE = 0.05, 1.0
"""Seconds between two questions, at least: if there was news, and if there was none."""


async def follow(settings: ConsulSettings, endpoint: str, namespace: str = "") -> AsyncGenerator[Pairs, None]:
    """Everything below the root key, at once and after every change.

    Raises:
        CannotFetch: it cannot be reached, or can no longer, or answers what makes no sense.
    """
    import httpx

    loop = asyncio.get_running_loop()
    root = settings.root_key.strip("/")
    headers = {"x-consul-token": settings.token} if settings.token else {}
    try:
        async with session(endpoint, settings.tls, headers, PATIENCE) as client:
            index = 0
            while True:
                query = {"recurse": "true", **({"ns": namespace} if namespace else {})}
                if index:
                    query |= {"index": str(index), "wait": f"{WAIT}s"}
                asked_at = loop.time()
                found, newest = await _asked(client, f"/v1/kv/{quote(root)}/" if root else "/v1/kv/", query)
                if newest != index:
                    yield _pairs(found)
                # One that went back, or is none, means that Consul begins anew.
                pause = SHORTEST if newest != index else IDLE
                index = newest if newest >= index else 0
                if loop.time() - asked_at < pause:
                    await asyncio.sleep(pause)  # Somebody writes all the time, or whoever is there does not wait.
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CannotFetch(reason(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise CannotFetch(f"this is no key-value store of Consul: {error!r}") from error


async def _asked(client: httpx.AsyncClient, path: str, query: dict[str, str]) -> tuple[Any, int]:
    async with client.stream("GET", path, params=query) as answer:
        if answer.status_code not in (200, 404):
            raise await refused(answer)
        # Without an index nothing can be waited for, and it would be asked without a pause.
        index = max(int(answer.headers["x-consul-index"]), 1)
        return (await whole(answer) if answer.status_code == 200 else []), index


def _pairs(found: Any) -> Pairs:
    tree = Tree()
    for pair in found:
        tree.put(str(pair["Key"]), b64decode(pair["Value"] or "", validate=True))
    return tree.now()
