from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from tulle.clients.endpoints import CannotFetch
from tulle.clients.key_values import Pairs
from tulle.sources.base import Batch
from tulle.sources.key_values import LARGEST, KeyValueSource


def source(*states: Pairs | Exception, root: str = "traefik") -> KeyValueSource:
    async def attempt() -> AsyncGenerator[Pairs, None]:
        for state in states:
            if isinstance(state, Exception):
                raise state
            yield state
            await asyncio.sleep(0.05)
        await asyncio.Event().wait()

    return KeyValueSource("etcd", root, [attempt], folder="/srv")


async def batches(count: int, found: KeyValueSource) -> list[Batch]:
    result: list[Batch] = []
    async with asyncio.timeout(10), aclosing(cast(Any, found.batches())) as given:
        async for batch in given:
            result.append(batch)
            if len(result) == count:
                break
    return result


def shown(batch: Batch) -> dict[str, object]:
    return {document.origin.file: document.data for document in batch.documents}


def said(batch: Batch) -> list[str]:
    return [str(finding) for finding in batch.findings]


async def test_every_object_is_a_document() -> None:
    (batch,) = await batches(
        1,
        source(
            {
                "traefik/http/routers/x/rule": b"Path(`/`)",
                "traefik/http/routers/x/tls/options": b"o",
                "/traefik/HTTP/Routers/X/service": b"s",
                "traefik/http/services/s/loadBalancer/servers/0/url": "ä".encode(),
                "traefik/tls/certificates/0/certFile": b"a.pem",
                "traefik/tls/certificates/1/certFile": b"b.pem",
                "traefik/tls/options/o/minVersion": b"VersionTLS12",
                "traefik/http/routers/empty": b"",
                "traefik/http": b"",
                "traefik/tcp/routers": b"text",
                "traefik/other/x": b"1",
                "traefik/": b"",
                "elsewhere/http/routers/y/rule": b"1",
            }
        ),
    )
    assert shown(batch) == {
        "etcd:traefik/http/routers/x": {
            "HTTP": {"Routers": {"X": {"service": "s", "rule": "Path(`/`)", "tls": {"options": "o"}}}}
        },
        "etcd:traefik/http/services/s": {
            "http": {"services": {"s": {"loadBalancer": {"servers": {"0": {"url": "ä"}}}}}}
        },
        "etcd:traefik/tcp/routers": {"tcp": {"routers": "text"}},
        "etcd:traefik/tls/certificates": {
            "tls": {"certificates": {"0": {"certFile": "a.pem"}, "1": {"certFile": "b.pem"}}}
        },
        "etcd:traefik/tls/options/o": {"tls": {"options": {"o": {"minVersion": "VersionTLS12"}}}},
    }
    assert {(each.folder, each.origin.source) for each in batch.documents} == {("/srv", "etcd")}
    assert len({each.key for each in batch.documents}) == 5


async def test_what_did_not_change_is_the_same_object() -> None:
    before = {"traefik/http/routers/a/rule": b"1", "traefik/http/routers/b/rule": b"1"}
    first, second, third = await batches(
        3, source(before, dict(before), {**before, "traefik/http/routers/b/rule": b"2"}, {})
    )
    assert second.documents[0] is first.documents[0]
    assert second.documents[1] is not first.documents[1]
    assert second.documents[1].origin is first.documents[1].origin
    assert third == Batch()


async def test_trouble_keeps_everything() -> None:
    good = {"traefik/http/routers/a/rule": b"1"}
    left = [good]

    async def attempt() -> AsyncGenerator[Pairs, None]:
        if not left:
            raise CannotFetch("asleep")
        yield left.pop()
        await asyncio.sleep(0.05)

    first, second = await batches(2, KeyValueSource("etcd", "traefik", [attempt]))
    assert second.documents == first.documents
    assert second.unreadable == {""}
    assert "etcd cannot be read since " in said(second)[0] and "asleep" in said(second)[0]


async def test_garbage_keeps_its_object_only() -> None:
    key, other = "traefik/http/routers/a/rule", "traefik/http/routers/b/rule"
    first, second, third, fourth, fifth = await batches(
        5,
        source(
            {key: b"1", other: b"1"},
            {key: b"\xff", other: b"2"},
            {key: b"a\0b", other: b"2"},
            {key: b"x" * (LARGEST + 1), other: b"2"},
            {key: b"3", other: b"2"},
        ),
    )
    for batch, what in (
        (second, "has a value that is not text in UTF-8"),
        (third, "has a value that is not text"),
        (fourth, "has a value of more than 1024 KiB"),
    ):
        assert batch.documents[0] is first.documents[0]
        assert batch.unreadable == {"etcd:traefik/http/routers/a"}
        assert said(batch) == [
            f"etcd:traefik/http/routers/a:1: error: {key} {what}; what was there before still counts"
        ]
    assert second.documents[1] is not first.documents[1]
    assert not fifth.findings and fifth.documents[0].data == {"http": {"routers": {"a": {"rule": "3"}}}}


async def test_garbage_from_the_beginning() -> None:
    (batch,) = await batches(1, source({"http/routers/a/rule": b"\xff"}, root=""))
    assert batch.documents == () and batch.unreadable == {"etcd:http/routers/a"}
    assert said(batch) == ["etcd:http/routers/a:1: error: http/routers/a/rule has a value that is not text in UTF-8"]


async def test_keys_that_contradict_each_other() -> None:
    (batch,) = await batches(1, source({"traefik/http/routers/a/rule": b"1", "traefik/http/routers/a/Rule": b"2"}))
    assert said(batch) == [
        "etcd:traefik/http/routers/a:1: warning: http/routers/a/rule is written twice; capitals make no difference"
    ]
