from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Any

import pytest

from tests.clients.servers import Handler, Web, web
from tulle.clients.endpoints import CannotFetch
from tulle.clients.etcd import Range, follow
from tulle.clients.key_values import Pairs
from tulle.model.providers import EtcdSettings


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def pair(key: str, value: str) -> Mapping[str, str]:
    return {"key": b64(key), **({"value": b64(value)} if value else {})}


def listed(*pairs: Mapping[str, str], more: bool = False) -> bytes:
    return json.dumps({"header": {"revision": "7"}, "kvs": pairs, **({"more": True} if more else {})}).encode()


def watched(*results: object) -> Any:
    def say(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for result in results:
            handler.wfile.write(json.dumps(result).encode() + b"\n")

    return say


async def everything(server: Web, settings: EtcdSettings | None = None) -> tuple[list[Pairs], str]:
    """What is told, and how it ends."""
    found: list[Pairs] = []
    with pytest.raises(CannotFetch) as caught:
        async with aclosing(follow(settings or EtcdSettings(), f"127.0.0.1:{server.port}")) as states:
            async for state in states:
                found.append(state)
    return found, str(caught.value)


def test_what_is_below_a_key() -> None:
    assert Range.below("/traefik/") == Range(b"traefik/", b"traefik0")
    assert Range.below("") == Range(b"\0", b"\0")


async def test_everything_and_then_each_change(server: Web) -> None:
    pages = [listed(pair("traefik/a", "1"), more=True), listed(pair("traefik/b", ""))]
    server.answers["/v3/kv/range"] = lambda handler: handler.say(200, pages.pop(0))
    server.answers["/v3/watch"] = watched(
        {"result": {"created": True}},
        {"result": {"events": [{"kv": pair("traefik/a", "2")}, {"type": "DELETE", "kv": pair("traefik/b", "")}]}},
        {"result": {"events": [{"kv": pair("traefik/c", "")}]}},
    )
    assert await everything(server) == (
        [
            {"traefik/a": b"1", "traefik/b": b""},
            {"traefik/a": b"2"},
            {"traefik/a": b"2", "traefik/c": b""},
        ],
        "it closed the connection",
    )
    first, second, watch = map(json.loads, server.bodies)
    assert (first["key"], first["range_end"], first["revision"]) == (b64("traefik/"), b64("traefik0"), 0)
    assert (second["key"], second["revision"]) == (b64("traefik/a\0"), 7)
    assert watch["create_request"]["start_revision"] == 8


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"error": {"message": "no leader"}}, "it ended the watch: no leader"),
        ({"error": "no"}, "this is no etcd with version 3 of its API: "),
        ({"result": {"canceled": True}}, "it ended the watch: what changed is forgotten"),
        ({"result": {"canceled": True, "cancel_reason": "so"}}, "it ended the watch: so"),
        ({}, "this is no etcd with version 3 of its API: KeyError('result')"),
        ([], "this is no etcd with version 3 of its API: "),
    ],
)
async def test_a_watch_that_ends(server: Web, result: object, message: str) -> None:
    server.answers |= {"/v3/kv/range": listed(), "/v3/watch": watched(result)}
    states, ended = await everything(server)
    assert states == [{}] and ended.startswith(message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"[]", "this is no etcd with version 3 of its API: "),
        (b"{}", "this is no etcd with version 3 of its API: "),
        (b"<html>", "its answer is no JSON: "),
        (b'{"header": {"revision": "1"}, "kvs": [{"key": "?"}]}', "this is no etcd with version 3 of its API: "),
        (401, "the answer is 401 Unauthorized"),
    ],
)
async def test_whoever_is_no_etcd(server: Web, answer: object, message: str) -> None:
    server.answers["/v3/kv/range"] = answer
    states, ended = await everything(server)
    assert states == [] and ended.startswith(message)


async def test_a_watch_that_is_refused(server: Web) -> None:
    server.answers |= {"/v3/kv/range": listed(), "/v3/watch": 503}
    assert await everything(server) == ([{}], "the answer is 503 Service Unavailable")


async def test_a_user_shows_a_token(server: Web) -> None:
    seen: list[str] = []

    def say(handler: Handler) -> None:
        seen.append(handler.headers["authorization"])
        handler.say(200, listed())

    server.answers |= {"/v3/auth/authenticate": b'{"token": "t"}', "/v3/kv/range": say}
    assert (await everything(server, EtcdSettings(username="me", password="p")))[0] == [{}]
    assert seen == ["t"] and json.loads(server.bodies[0]) == {"name": "me", "password": "p"}


async def test_nobody_is_there(server: Web) -> None:
    server.close()
    assert await everything(server) == ([], "connection refused")
