"""ZooKeeper: everything below a node, and each change of it as ZooKeeper tells it. The library works with threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from typing import Any

from tulle.clients.endpoints import CONNECTING, CannotFetch, host_and_port, reason
from tulle.clients.key_values import Pairs, Tree
from tulle.model.providers import ZooKeeperSettings

PORT = 2181
SESSION = 10.0
"""Seconds after which ZooKeeper forgets a client that is silent."""
TOGETHER = 500
"""Nodes that are asked for before the first answer."""


async def follow(settings: ZooKeeperSettings) -> AsyncGenerator[Pairs, None]:
    """Everything below the root node, at once and after every change; keys are without their first slash.

    Raises:
        CannotFetch: it cannot be reached, or can no longer.
    """
    import kazoo.client
    import kazoo.exceptions
    import kazoo.handlers.threading

    hosts = [host_and_port(each, PORT) for each in settings.endpoints]
    await _look_for(hosts)
    client = kazoo.client.KazooClient(
        hosts=",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in hosts),
        timeout=SESSION,
        auth_data=[("digest", f"{settings.username}:{settings.password}")] if settings.username else None,
        connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": 0.5},
        command_retry={"max_tries": 0},
        logger=_quiet(),
    )
    signs = _Signs(asyncio.get_running_loop())
    client.add_listener(signs.state)
    nodes = _Nodes(client, signs, "/" + settings.root_key.strip("/"))
    try:
        await asyncio.to_thread(client.start, CONNECTING)
        dirty: Iterable[str] = (nodes.root,)
        while True:
            await asyncio.to_thread(nodes.read, dirty)
            yield nodes.tree.now()
            dirty = await signs.next()
    except (kazoo.exceptions.KazooException, kazoo.handlers.threading.KazooTimeoutError, OSError) as error:
        raise CannotFetch(_said(error)) from error
    finally:
        await asyncio.shield(asyncio.to_thread(_close, client))


async def _look_for(hosts: Sequence[tuple[str, int]]) -> None:
    """Fail at once, and in plain words, where the library would try until its time is up."""
    for number, (host, port) in enumerate(hosts, 1):
        try:
            async with asyncio.timeout(CONNECTING):
                _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            if number == len(hosts):
                raise CannotFetch(reason(error)) from error
        else:
            writer.close()
            return


def _close(client: Any) -> None:
    client.stop()
    client.close()


def _said(error: BaseException) -> str:
    if type(error).__name__ in ("KazooTimeoutError", "ConnectionLoss", "SessionExpiredError"):
        return "it cannot be reached"
    if type(error).__name__ in ("NoAuthError", "AuthFailedError"):
        return "this user may not read all of it"
    return reason(error) if str(error) or isinstance(error, OSError) else type(error).__name__


def _quiet() -> logging.Logger:
    """The library tells every lost connection, which we do ourselves."""
    found = logging.getLogger("kazoo")
    found.setLevel(logging.CRITICAL)
    return found


class _Signs:
    """Nodes that something happened to, from the threads of the library to our loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed = asyncio.Event()
        self._dirty: set[str] = set()
        self._was_connected = self._is_lost = False

    def state(self, state: str) -> None:
        """Called by the library."""
        self._loop.call_soon_threadsafe(self._become, state)

    def event(self, event: Any) -> None:
        """Called by the library when something happens to a node that we looked at."""
        if event.path:
            self._loop.call_soon_threadsafe(self._note, event.path)

    def _become(self, state: str) -> None:
        if state == "CONNECTED":
            self._was_connected = True
        elif self._was_connected:
            self._is_lost = True
            self._changed.set()

    def _note(self, path: str) -> None:
        self._dirty.add(path)
        self._changed.set()

    async def next(self) -> set[str]:
        """Nodes to look at again.

        Raises:
            CannotFetch: the connection is lost, and with it perhaps what happened.
        """
        await self._changed.wait()
        self._changed.clear()
        if self._is_lost:
            raise CannotFetch("the connection was lost")
        dirty, self._dirty = self._dirty, set()
        return dirty


class _Nodes:
    """What is known of the nodes below a root. Works in a thread, one call at a time."""

    def __init__(self, client: Any, signs: _Signs, root: str) -> None:
        self.root = root
        self.tree = Tree()
        self._client, self._signs = client, signs
        self._children: dict[str, frozenset[str]] = {}

    def read(self, dirty: Iterable[str]) -> None:
        """Look at nodes again, and at everything new below them; from now on their changes are told."""
        level = sorted(dirty)
        while level:
            following: list[str] = []
            for begin in range(0, len(level), TOGETHER):
                following += self._read(level[begin : begin + TOGETHER])
            level = following

    def _read(self, paths: list[str]) -> Iterator[str]:
        from kazoo.exceptions import NoNodeError

        watch = self._signs.event
        asked = [
            (path, self._client.get_async(path, watch=watch), self._client.get_children_async(path, watch=watch))
            for path in paths
        ]
        for path, value, children in asked:
            try:
                (data, _), names = value.get(timeout=SESSION), children.get(timeout=SESSION)
            except NoNodeError:
                self._forget(path)
                above = path.rpartition("/")[0]
                # It may be there again already; then the node above has it as a new one.
                self._children[above] = self._children.get(above, frozenset()) - {path}
                if path == self.root:
                    # There is nothing yet: be told when there is.
                    self._client.exists_async(path, watch=watch).get(timeout=SESSION)
                continue
            if path != self.root:
                self.tree.put(path.removeprefix("/"), data or b"")
            now = frozenset(f"{path.rstrip('/')}/{name}" for name in names)
            before = self._children.get(path, frozenset())
            self._children[path] = now
            for gone in before - now:
                self._forget(gone)
            yield from sorted(now - before)

    def _forget(self, path: str) -> None:
        to_do = [path]
        while to_do:
            each = to_do.pop()
            to_do += self._children.pop(each, ())
            self.tree.drop(each.removeprefix("/"))
