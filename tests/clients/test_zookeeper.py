from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from tulle.clients.endpoints import CannotFetch
from tulle.clients.zookeeper import _said, _Signs, follow
from tulle.model.providers import ZooKeeperSettings


async def test_nobody_is_there() -> None:
    for endpoints, message in (
        (("127.0.0.1:1", "127.0.0.1:2"), "connection refused"),
        (("a:x",), "a:x is no host with a port, such as 127.0.0.1:2181"),
    ):
        with pytest.raises(CannotFetch) as caught:
            await anext(follow(ZooKeeperSettings(endpoints)))
        assert str(caught.value) == message


async def test_signs_come_together_from_other_threads() -> None:
    signs = _Signs(asyncio.get_running_loop())
    await asyncio.to_thread(signs.state, "LOST")  # Before there was a connection, that is nothing new.
    await asyncio.to_thread(signs.state, "CONNECTED")
    for path in ("/a", "/b", None, "/a"):
        await asyncio.to_thread(signs.event, SimpleNamespace(path=path))
    assert await signs.next() == {"/a", "/b"}
    await asyncio.to_thread(signs.state, "SUSPENDED")
    with pytest.raises(CannotFetch, match="the connection was lost"):
        await signs.next()


def test_errors_in_plain_words() -> None:
    class ConnectionLoss(Exception):
        pass

    class NoAuthError(Exception):
        pass

    assert _said(ConnectionLoss()) == "it cannot be reached"
    assert _said(NoAuthError()) == "this user may not read all of it"
    assert _said(KeyError()) == "KeyError"
    assert _said(OSError(111, "x")) == "connection refused"
