"""etcd by its JSON gateway: everything below a key, and each change of it as etcd tells it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tulle.clients.answers import lines, refused, whole
from tulle.clients.endpoints import CONNECTING, CannotFetch, reason, session
from tulle.clients.key_values import Pairs, Tree, text
from tulle.model.providers import EtcdSettings

if TYPE_CHECKING:
    import httpx

PAGE = 2000
"""Keys in one answer."""
PATIENCE = 10.0
"""Seconds for an answer."""


@dataclass(frozen=True, slots=True)
class Range:
    """Keys with one beginning."""

    first: bytes
    end: bytes

    @classmethod
    def below(cls, root: str) -> Range:
        """All keys below a key; all there are if it is empty."""
        prefix = root.strip("/").encode()
        return cls(prefix + b"/", prefix + b"0") if prefix else cls(b"\0", b"\0")

    def body(self, first: bytes | None = None) -> dict[str, Any]:
        """As etcd wants it; `first` to begin later."""
        return {"key": _written(first or self.first), "range_end": _written(self.end)}


async def follow(settings: EtcdSettings, endpoint: str) -> AsyncGenerator[Pairs, None]:
    """Everything below the root key, at once and after every change.

    Raises:
        CannotFetch: it cannot be reached, or can no longer, or answers what makes no sense.
    """
    import httpx

    wanted = Range.below(settings.root_key)
    try:
        async with session(endpoint, settings.tls, patience=PATIENCE) as client:
            if settings.username:
                client.headers["authorization"] = await _token(client, settings)
            tree, revision = await _read(client, wanted)
            yield tree.now()
            async with aclosing(_changes(client, wanted, revision)) as changes:
                async for events in changes:
                    for event in events:
                        _apply(tree, event)
                    yield tree.now()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CannotFetch(reason(error)) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CannotFetch(f"this is no etcd with version 3 of its API: {error!r}") from error


async def _token(client: httpx.AsyncClient, settings: EtcdSettings) -> str:
    who = {"name": settings.username, "password": settings.password}
    return str((await _asked(client, "/v3/auth/authenticate", who))["token"])


async def _asked(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    async with client.stream("POST", path, json=body) as answer:
        if answer.status_code != 200:
            raise await refused(answer)
        return await whole(answer)


async def _read(client: httpx.AsyncClient, wanted: Range) -> tuple[Tree, int]:
    """Everything as of one revision."""
    tree, revision, first = Tree(), 0, wanted.first
    while True:
        body = {**wanted.body(first), "limit": PAGE, "revision": revision}
        answer = await _asked(client, "/v3/kv/range", body)
        revision = revision or int(answer["header"]["revision"])
        pairs = answer.get("kvs", [])
        for pair in pairs:
            tree.put(text(b64decode(pair["key"], validate=True)), b64decode(pair.get("value", ""), validate=True))
        if not answer.get("more") or not pairs:
            return tree, revision
        first = b64decode(pairs[-1]["key"], validate=True) + b"\0"


async def _changes(client: httpx.AsyncClient, wanted: Range, revision: int) -> AsyncGenerator[list[Any], None]:
    import httpx

    request = {**wanted.body(), "start_revision": revision + 1}
    forever = httpx.Timeout(CONNECTING, read=None)
    async with client.stream("POST", "/v3/watch", json={"create_request": request}, timeout=forever) as answer:
        if answer.status_code != 200:
            raise await refused(answer)
        async with aclosing(lines(answer)) as said:
            async for line in said:
                if events := _events(line):
                    yield events
    raise CannotFetch("it closed the connection")


def _events(line: Any) -> list[Any]:
    if error := line.get("error"):
        raise CannotFetch(f"it ended the watch: {error.get('message', error)}")
    result = line["result"]
    if result.get("canceled"):
        raise CannotFetch(f"it ended the watch: {result.get('cancel_reason', 'what changed is forgotten')}")
    found: list[Any] = result.get("events", [])
    return found


def _apply(tree: Tree, event: Any) -> None:
    pair = event["kv"]
    key = text(b64decode(pair["key"], validate=True))
    if event.get("type", "PUT") == "DELETE":
        tree.drop(key)
    else:
        tree.put(key, b64decode(pair.get("value", ""), validate=True))


def _written(key: bytes) -> str:
    return b64encode(key).decode()
