from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from tests.clients.servers import Handler, Web, web
from tulle.clients import consul
from tulle.clients.consul import follow
from tulle.clients.endpoints import CannotFetch
from tulle.clients.key_values import Pairs
from tulle.model.providers import ConsulSettings

HERE = "/v1/kv/traefik/?recurse=true"
Answer = tuple[int, bytes, str]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consul, "SHORTEST", 0.0)
    monkeypatch.setattr(consul, "IDLE", 0.0)


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


async def everything(
    server: Web, answers: list[Answer], namespace: str = "", token: str = ""
) -> tuple[list[Pairs], str]:
    """What is told, and how it ends, which is after these answers at the latest."""
    tokens: list[str | None] = []

    def say(handler: Handler) -> None:
        tokens.append(handler.headers["x-consul-token"])
        status, body, index = answers.pop(0) if answers else (500, b"", "1")
        handler.say(status, body, **({"x_consul_index": index} if index else {}))

    class Any(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            return say

    server.answers = Any()
    found: list[Pairs] = []
    with pytest.raises(CannotFetch) as caught:
        async with aclosing(follow(ConsulSettings(token=token), f"127.0.0.1:{server.port}", namespace)) as states:
            async for state in states:
                found.append(state)
    assert set(tokens) <= {token or None}
    return found, str(caught.value)


async def test_questions_wait_for_a_change(server: Web) -> None:
    first = b'[{"Key": "traefik/", "Value": null}, {"Key": "traefik/a", "Value": "MQ=="}]'
    answers = [(200, first, "5"), (200, first, "5"), (404, b"", "9"), (200, b"[]", "3"), (200, b"[]", "4")]
    states, ended = await everything(server, answers, token="secret")
    assert states == [{"traefik/": b"", "traefik/a": b"1"}, {}, {}, {}]
    assert ended == "the answer is 500 Internal Server Error"
    assert server.asked == [
        HERE,
        f"{HERE}&index=5&wait=60s",
        f"{HERE}&index=5&wait=60s",
        f"{HERE}&index=9&wait=60s",
        HERE,  # The index went back.
        f"{HERE}&index=4&wait=60s",
    ]


async def test_a_namespace(server: Web) -> None:
    await everything(server, [], "team")
    assert server.asked == [f"{HERE}&ns=team"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, b"[]", ""), "this is no key-value store of Consul: KeyError"),
        ((200, b"[]", "x"), "this is no key-value store of Consul: ValueError"),
        ((200, b"7", "1"), "this is no key-value store of Consul: TypeError"),
        ((200, b'[{"Key": "a", "Value": "?"}]', "1"), "this is no key-value store of Consul: "),
        ((200, b"{", "1"), "its answer is no JSON: "),
        ((403, b"Permission denied", "1"), "the answer is 403 Forbidden: Permission denied"),
    ],
)
async def test_whoever_is_no_consul(server: Web, answer: Answer, message: str) -> None:
    states, ended = await everything(server, [answer])
    assert states == [] and ended.startswith(message)


async def test_whoever_does_not_wait_is_not_asked_at_once(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consul, "IDLE", 0.3)
    before = asyncio.get_running_loop().time()
    await everything(server, [(200, b"[]", "1"), (200, b"[]", "1")])
    assert asyncio.get_running_loop().time() - before >= 0.3


async def test_nobody_is_there(server: Web) -> None:
    server.close()
    assert await everything(server, []) == ([], "connection refused")
