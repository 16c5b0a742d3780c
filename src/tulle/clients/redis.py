"""Redis: everything below a key, and each change of it as Redis tells it (or, where it may not, as a look finds it)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from tulle.clients.endpoints import CONNECTING, KEEP_ALIVE, CannotFetch, context, host_and_port, reason
from tulle.clients.key_values import Pairs, Tree, text
from tulle.model.providers import ClientTls, RedisSettings

PORT, SENTINEL_PORT = 6379, 26379
PATIENCE = 10.0
"""Seconds for an answer."""
PAGE = 1000
"""Keys in one question."""
LOOK_AGAIN = 30.0
"""Seconds after which all is read anew: messages get lost, and there is none about a database that was emptied."""
LOOK_OFTEN = 2.0
"""The same where Redis tells nothing."""
WANTED = frozenset("Kg$xe")
"""What Redis should tell: by key, about all commands, texts, what expired and what was evicted."""


async def follow(
    settings: RedisSettings, endpoint: str, *, look_again: float = LOOK_AGAIN, look_often: float = LOOK_OFTEN
) -> AsyncGenerator[Pairs, None]:
    """Everything below the root key, at once and after every change.

    Raises:
        CannotFetch: it cannot be reached, or can no longer.
    """
    import redis.exceptions

    try:
        async with contextlib.AsyncExitStack() as stack:
            client = await _connected(stack, settings, endpoint)
            tells = await _told(client)
            messages = await stack.enter_async_context(client.pubsub())
            pattern = f"{_literal(settings.root_key.strip('/'))}/*" if settings.root_key.strip("/") else "*"
            # Before the first look, so that nothing happens in between.
            await messages.psubscribe(f"__keyspace@{settings.db}__:{pattern}")
            await messages.get_message(timeout=PATIENCE)
            pause = look_again if tells else look_often
            while True:
                tree = await _read(client, pattern)
                yield tree.now()
                async with contextlib.aclosing(_changed(messages, pause)) as changed:
                    async for keys in changed:
                        await _update(client, tree, keys)
                        yield tree.now()
    except (redis.exceptions.RedisError, OSError, ValueError) as error:
        raise CannotFetch(reason(error)) from error


async def _connected(stack: contextlib.AsyncExitStack, settings: RedisSettings, endpoint: str) -> Any:
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.asyncio.sentinel import Sentinel
    from redis.backoff import NoBackoff

    make_sentinel: Any = Sentinel
    common: dict[str, Any] = {
        "socket_connect_timeout": CONNECTING,
        "socket_timeout": PATIENCE,
        "socket_keepalive": True,
        # Else a lost connection would be opened again in silence, and with it what was told meanwhile is lost.
        "retry": Retry(NoBackoff(), 0),
        "socket_keepalive_options": {option: value for level, option, value in KEEP_ALIVE[1:]},
    }
    if settings.tls:
        common |= _tls(settings.tls, stack)
    who: dict[str, Any] = {
        "username": settings.username or None,
        "password": settings.password or None,
        "db": settings.db,
    }
    if (sentinel := settings.sentinel) is None:
        host, port = host_and_port(endpoint, PORT)
        client = redis.asyncio.Redis(host=host, port=port, **who, **common)
    else:
        places = [host_and_port(each, SENTINEL_PORT) for each in settings.endpoints]
        asked = {**common, "username": sentinel.username or None, "password": sentinel.password or None}
        sentinels = make_sentinel(places, sentinel_kwargs=asked, **who, **common)
        chosen = sentinels.slave_for if sentinel.uses_replicas else sentinels.master_for
        client = chosen(sentinel.master_name)
        for each in sentinels.sentinels:
            stack.push_async_callback(each.aclose)
    stack.push_async_callback(client.aclose)
    return client


def _tls(tls: ClientTls, stack: contextlib.AsyncExitStack) -> dict[str, Any]:
    context(tls)  # For its words about what is wrong; the library makes one of its own.
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    found: dict[str, Any] = {"ssl": True}
    for name, value in (("ssl_certfile", tls.cert), ("ssl_keyfile", tls.key), ("ssl_ca_certs", tls.ca)):
        if "-----BEGIN" in value:
            path = os.path.join(folder, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(value)
            found[name] = path
        elif value:
            found[name] = value
    if tls.insecure_skip_verify:
        found |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return found


async def _told(client: Any) -> bool:
    """Whether Redis tells what changes; it is asked to, beside what it tells others already."""
    import redis.exceptions

    try:
        known = await client.config_get("notify-keyspace-events")
        flags = set(str(_text(next(iter(known.values()), ""))))
        is_told = "K" in flags and (flags >= WANTED or "A" in flags)
        if not is_told:
            await client.config_set("notify-keyspace-events", "".join(sorted(flags | WANTED)))
    except redis.exceptions.ResponseError:
        return False  # Not allowed, or disabled, as with Redis as a service.
    return True


async def _read(client: Any, pattern: str) -> Tree:
    tree, page = Tree(), []
    async for key in client.scan_iter(match=pattern, count=PAGE):
        page.append(key)
        if len(page) >= PAGE:
            await _update(client, tree, page)
            page = []
    await _update(client, tree, page)
    return tree


async def _update(client: Any, tree: Tree, keys: Iterable[bytes]) -> None:
    """Ask for values; what holds no text, or an empty one, is not there."""
    wanted = list(keys)
    for begin in range(0, len(wanted), PAGE):
        page = wanted[begin : begin + PAGE]
        for key, value in zip(page, await client.mget(page), strict=True):
            if value:
                tree.put(text(key), bytes(value))
            else:
                tree.drop(text(key))


async def _changed(messages: Any, pause: float) -> AsyncGenerator[set[bytes], None]:
    """Keys that something happened to, all that are known by now together, until it is time to look at everything."""
    loop = asyncio.get_running_loop()
    until = loop.time() + pause
    while (left := until - loop.time()) > 0:
        keys: set[bytes] = set()
        message = await messages.get_message(timeout=left)
        while message is not None:
            if message["type"] == "pmessage":
                keys.add(bytes(message["channel"]).partition(b":")[2])
            message = await messages.get_message(timeout=0)
        if keys:
            yield keys


def _literal(root: str) -> str:
    """A text as a pattern that fits nothing else."""
    return "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in root)


def _text(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value
