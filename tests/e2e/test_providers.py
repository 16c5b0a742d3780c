"""Providers that keep documents elsewhere, with real servers: what comes out, how soon, and what failures do to it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from tests.clients.servers import Web, web
from tests.clients.test_web import context as server_context
from tests.e2e.machine import eventually
from tests.e2e.stores import STORES, Redis, SecretEtcd, Store, ZooKeeper, is_installed, raw_data, traefik
from tulle.clients import redis
from tulle.dialects.traefik.routers import RouterSpec
from tulle.dialects.traefik.services import ServiceSpec
from tulle.dialects.traefik.spelling import spelt
from tulle.kit.ports import Ports
from tulle.model.documents import Document
from tulle.model.providers import (
    ClientTls,
    EtcdSettings,
    HttpSettings,
    RedisSettings,
    RemoteSettings,
    ZooKeeperSettings,
)
from tulle.sources.base import Batch, Source
from tulle.sources.http import HttpSource
from tulle.sources.key_values import KeyValueSource
from tulle.sources.providers import sources
from tulle.sources.redis import redis_source

pytestmark = pytest.mark.e2e

PAIRS: Mapping[str, str] = {
    "traefik/http/routers/shop/rule": "Host(`shop.example.org`) && PathPrefix(`/a`)",
    "traefik/http/routers/shop/entryPoints/0": "web",
    "traefik/http/routers/shop/middlewares": "auth, strip",
    "traefik/http/routers/shop/service": "shop",
    "traefik/http/routers/shop/priority": "42",
    "traefik/HTTP/routers/Many/RULE": "Path(`/many`)",
    "traefik/http/routers/Many/Service": "weighted",
    **{f"traefik/http/routers/Many/middlewares/{index}": f"m{index}" for index in range(12)},
    **{f"traefik/http/middlewares/m{index}/addPrefix/prefix": f"/{index}" for index in range(12)},
    "traefik/http/middlewares/auth/basicAuth/users/0": "test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/",
    "traefik/http/middlewares/auth/basicAuth/removeHeader": "true",
    "traefik/http/middlewares/strip/stripPrefix/prefixes/0": "/a",
    "traefik/http/middlewares/strip/stripPrefix/prefixes/1": "/b",
    "traefik/http/services/shop/loadBalancer/servers/0/url": "http://127.0.0.1:9001",
    "traefik/http/services/shop/loadBalancer/servers/1/url": "http://127.0.0.1:9002",
    "traefik/http/services/shop/loadBalancer/passHostHeader": "false",
    "traefik/http/services/weighted/weighted/services/0/name": "shop",
    "traefik/http/services/weighted/weighted/services/0/weight": "3",
    "traefik/leader/somebody": "else",
    "traefik2/http/routers/other/rule": "Path(`/other`)",
}
TEXT = """
http:
  routers:
    shop: {rule: Path(`/`), service: shop, entryPoints: [web]}
  services:
    shop: {loadBalancer: {servers: [{url: "http://127.0.0.1:9001"}]}}
"""


class Followed:
    """The newest batch of a source, and when it came."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self._came = asyncio.Condition()

    @property
    def last(self) -> Batch:
        return self.batches[-1]

    @property
    def files(self) -> list[str]:
        return [document.origin.file for document in self.last.documents]

    async def follow(self, source: Source) -> None:
        async with aclosing(cast(Any, source.batches())) as batches:
            async for batch in batches:
                async with self._came:
                    self.batches.append(batch)
                    self._came.notify_all()

    async def until(self, condition: Callable[[Batch], object], within: float = 15.0) -> float:
        """Seconds until there was such a batch."""
        began = time.monotonic()
        async with asyncio.timeout(within), self._came:
            await self._came.wait_for(lambda: bool(self.batches) and condition(self.last))
        return time.monotonic() - began


@asynccontextmanager
async def followed(source: Source) -> AsyncIterator[Followed]:
    found = Followed()
    task = asyncio.get_running_loop().create_task(found.follow(source))
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()


def content(documents: Sequence[Document]) -> dict[str, dict[str, Any]]:
    """Routers and services, as the dialect reads them."""
    found: dict[str, dict[str, Any]] = {"routers": {}, "services": {}}
    for document in documents:
        for kind, schema in (("routers", RouterSpec), ("services", ServiceSpec)):
            for name, spec in document.data.get("http", document.data.get("HTTP", {})).get(kind, {}).items():  # type: ignore[attr-defined]
                found[kind][name] = schema.model_validate(spelt(spec, schema))
    return found


def router(spec: RouterSpec) -> dict[str, Any]:
    return {
        "rule": spec.rule,
        "service": spec.service,
        "middlewares": list(spec.middlewares),
        "entryPoints": list(spec.entry_points),
        "priority": spec.priority or len(spec.rule),
    }


def real_router(said: dict[str, Any]) -> dict[str, Any]:
    plain = [name.partition("@")[0] for name in said.get("middlewares", [])]
    return {**{key: said[key] for key in ("rule", "service", "entryPoints", "priority")}, "middlewares": plain}


def service(spec: ServiceSpec) -> object:
    if spec.load_balancer:
        return [[each.url for each in spec.load_balancer.servers], spec.load_balancer.pass_host_header]
    assert spec.weighted
    return [(each.name, each.weight) for each in spec.weighted.services]


def real_service(said: dict[str, Any]) -> object:
    if found := said.get("loadBalancer"):
        return [[each["url"] for each in found["servers"]], found["passHostHeader"]]
    return [(each["name"], each["weight"]) for each in said["weighted"]["services"]]


def compare(provider: str, documents: Sequence[Document], api: int) -> None:
    """What we read is what the real one reads."""
    ours = content(documents)
    known = raw_data(api)
    real = {
        kind: {
            name.partition("@")[0]: said for name, said in known.get(kind, {}).items() if name.endswith(f"@{provider}")
        }
        for kind in ("routers", "services")
    }
    routers = {name: {**router(spec)} for name, spec in ours["routers"].items()}
    for found in routers.values():
        found["entryPoints"] = found["entryPoints"] or ["web"]
    assert routers == {name: real_router(said) for name, said in real["routers"].items()}
    assert {name: service(spec) for name, spec in ours["services"].items()} == {
        name: real_service(said) for name, said in real["services"].items()
    }


@pytest.fixture(params=STORES, ids=lambda store: store.name)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield from started(request.param(tmp_path))


def started(store: Store) -> Iterator[Any]:
    if not is_installed(type(store)):
        pytest.skip(f"{store.name} is not installed")
    store.start()
    try:
        yield store
    finally:
        store.stop()


async def test_a_store_is_followed(store: Store, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    threads = threading.active_count()
    times: dict[str, float] = {}
    store.put(PAIRS)
    (source,) = sources([store.settings])
    async with followed(source) as seen:
        times["start"] = await seen.until(lambda batch: batch.documents)
        assert not seen.last.findings and len(seen.last.documents) == 18
        with traefik(tmp_path, f"--providers.{store.name}.endpoints={store.endpoint}") as api:
            eventually(lambda: len(raw_data(api).get("routers", {})) >= 4 or None)
            compare(store.name, seen.last.documents, api)
        shop = f"{store.name}:traefik/http/routers/shop"
        before = {document.origin.file: document for document in seen.last.documents}

        key = "traefik/http/routers/shop/rule"
        await asyncio.to_thread(store.put, {key: "Path(`/new`)"})
        times["change"] = await seen.until(lambda batch: "Path(`/new`)" in str(content(batch.documents)))
        after = {document.origin.file: document for document in seen.last.documents}
        assert [file for file in after if after[file] is not before[file]] == [shop]

        await asyncio.to_thread(store.put, {key: b"\xff\xfe"})
        times["garbage"] = await seen.until(lambda batch: batch.findings)
        assert [(each.origin.file, each.message) for each in seen.last.findings] == [
            (shop, f"{key} has a value that is not text in UTF-8; what was there before still counts")
        ]
        assert seen.last.unreadable == {shop} and seen.last.documents == tuple(after.values())
        await asyncio.to_thread(store.put, {key: "Path(`/newer`)"})
        await seen.until(lambda batch: not batch.findings and "Path(`/newer`)" in str(content(batch.documents)))

        await asyncio.to_thread(store.delete, "traefik/http/routers/shop")
        times["delete"] = await seen.until(lambda batch: len(batch.documents) == 17)
        assert shop not in seen.files
        kept = seen.last.documents

        await asyncio.to_thread(store.stop)
        times["down"] = await seen.until(lambda batch: batch.findings)
        assert f"{store.name} cannot be read since 20" in seen.last.findings[0].message
        assert seen.last.documents == kept and seen.last.unreadable == {""}
        await asyncio.to_thread(store.start)
        times["back"] = await seen.until(lambda batch: not batch.findings)
        assert seen.last.documents == kept
        await asyncio.to_thread(store.put, {"traefik/tcp/routers/new/rule": "HostSNI(`*`)"})
        times["change again"] = await seen.until(lambda batch: len(batch.documents) == 18)
        await asyncio.to_thread(store.delete, "traefik")
        times["emptied"] = await seen.until(lambda batch: not batch.documents)
        assert not seen.last.findings and not seen.last.unreadable
    assert threading.active_count() <= threads + 5  # Those of asyncio stay for the next call.
    show(capsys, store.name, times)


async def test_a_store_that_is_down_at_the_start(store: Store) -> None:
    store.stop()
    (source,) = sources([store.settings])
    async with followed(source) as seen:
        await seen.until(lambda batch: batch.findings)
        assert seen.last.documents == () and seen.last.unreadable == {""}
        await asyncio.to_thread(store.start)
        await asyncio.to_thread(store.put, {"traefik/http/routers/x/rule": "Path(`/`)"})
        await seen.until(lambda batch: batch.documents and not batch.findings)


@pytest.fixture
def authority(tmp_path: Path) -> str:
    """Of the servers that have TLS; their key and certificate are in `server.pem`."""
    return server_context(tmp_path)[1].decode()


async def test_a_redis_with_tls_and_users(tmp_path: Path, authority: str) -> None:
    files = ("--tls-cert-file", "../server.pem", "--tls-key-file", "../server.pem", "--tls-auth-clients", "no")
    with closing(Ports()) as ports:
        tls_port = ports.choose()
    store = Redis(tmp_path, "--tls-port", str(tls_port), *files, "--tls-ca-cert-file", "../server.pem")
    tls = ClientTls(ca=authority)
    right = RedisSettings((f"localhost:{tls_port}",), username="me", password="secret", tls=tls)
    for _ in started(store):
        store.put({"traefik/http/routers/x/rule": "Path(`/`)"})
        assert store.ask("ACL", "SETUSER", "me", "on", ">secret", "~*", "&*", "+@all") == b"+OK"
        await refuses(replace(right, password="wrong"), "invalid username-password pair or user is disabled.")
        await refuses(replace(right, tls=None), "")
        await refuses(replace(right, tls=ClientTls()), "its certificate is not trusted: ")
        await reads(right)
        await reads(replace(right, tls=ClientTls(insecure_skip_verify=True)))


async def test_an_etcd_with_tls_and_users(tmp_path: Path, authority: str) -> None:
    store = SecretEtcd(tmp_path)
    right = EtcdSettings((f"localhost:{store.port}",), username="root", password="secret", tls=ClientTls(ca=authority))
    for _ in started(store):
        store.put({"traefik/http/routers/x/rule": "Path(`/`)"})
        store.protect("root", "secret")
        await refuses(replace(right, password="wrong"), "authentication failed, invalid user ID or password")
        await refuses(replace(right, username=""), "user name is empty")
        await refuses(replace(right, tls=None), "")
        await refuses(replace(right, tls=ClientTls()), "its certificate is not trusted: ")
        await reads(right)
        await reads(replace(right, endpoints=("localhost:1", *right.endpoints)))
        await reads(replace(right, tls=ClientTls(insecure_skip_verify=True)))


async def test_a_zookeeper_with_users(tmp_path: Path) -> None:
    store = ZooKeeper(tmp_path)
    right = ZooKeeperSettings((store.endpoint,), username="me", password="secret")
    for _ in started(store):
        store.put({"traefik/http/routers/x/rule": "Path(`/`)"})
        store.protect("traefik/http/routers/x/rule", "me", "secret")
        await refuses(replace(right, password="wrong"), "this user may not read all of it")
        await reads(right)


async def refuses(settings: RemoteSettings, why: str) -> None:
    (source,) = sources([settings])
    async with followed(source) as seen:
        await seen.until(lambda batch: batch.findings)
        assert why in seen.last.findings[0].message


async def reads(settings: RemoteSettings) -> None:
    (source,) = sources([settings])
    async with followed(source) as seen:
        await seen.until(lambda batch: batch.documents)
        assert seen.last.findings == ()


@pytest.fixture
def silent_redis(tmp_path: Path) -> Iterator[Redis]:
    yield from started(Redis(tmp_path, "--rename-command", "CONFIG", ""))


async def test_a_redis_that_may_not_be_told_to_tell(silent_redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    async with followed(redis_source(cast(RedisSettings, silent_redis.settings))) as seen:
        await seen.until(lambda batch: not batch.findings)
        silent_redis.put({"traefik/http/routers/x/rule": "Path(`/`)"})
        change = await seen.until(lambda batch: batch.documents)
    show(capsys, "redis that tells nothing", {"change": change})


@pytest.fixture
def redis_for_others(tmp_path: Path) -> Iterator[Redis]:
    yield from started(Redis(tmp_path, "--notify-keyspace-events", "Elg"))


async def test_a_redis_that_tells_others_something_else(redis_for_others: Redis) -> None:
    store = redis_for_others
    settings = cast(RedisSettings, store.settings)
    attempt = partial(redis.follow, settings, store.endpoint, look_again=0.5)
    store.put({"traefik/http/routers/x/rule": "Path(`/`)", "traefik/http/routers/empty/rule": ""})
    async with followed(KeyValueSource("redis", "traefik", [attempt])) as seen:
        await seen.until(lambda batch: len(batch.documents) == 1)
        store.put({"traefik/http/routers/y/rule": "Path(`/`)"})
        assert await seen.until(lambda batch: len(batch.documents) == 2) < 0.3
        flags = store.ask("CONFIG", "GET", "notify-keyspace-events", lines=5)
        assert set("Elg") <= set(flags.decode())
        store.ask("FLUSHALL")  # Which is never told.
        await seen.until(lambda batch: not batch.documents and not batch.findings)


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


async def test_a_web_server_is_followed(server: Web, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    times: dict[str, float] = {}
    server.answers["/config"] = TEXT.encode()
    endpoint = server.at("/config").replace("localhost", "127.0.0.1")
    async with followed(HttpSource(HttpSettings(endpoint, poll_interval=0.1))) as seen:
        times["start"] = await seen.until(lambda batch: batch.documents)
        with traefik(tmp_path, f"--providers.http.endpoint={endpoint}") as api:
            eventually(lambda: len(raw_data(api).get("routers", {})) >= 3 or None)
            compare("http", seen.last.documents, api)
        (document,) = seen.last.documents

        for garbage in (b"http: [", b"\xff", b"- a", 500):
            server.answers["/config"] = garbage
            await seen.until(lambda batch: batch.findings)
            assert seen.last.documents == (document,) and seen.last.unreadable == {""}
            server.answers["/config"] = TEXT.encode()
            await seen.until(lambda batch: not batch.findings)
            assert seen.last.documents == (document,)

        server.answers["/config"] = b'{"http": {"routers": {"shop":\n\t{"rule": "Path(`/new`)", "service": "a"}}}}'
        times["change"] = await seen.until(lambda batch: "Path(`/new`)" in str(content(batch.documents)))
        (document,) = seen.last.documents
        server.close()
        times["down"] = await seen.until(lambda batch: batch.findings)
        assert "connection refused" in seen.last.findings[0].message and seen.last.documents == (document,)
        with web(port=server.port) as again:
            again.answers["/config"] = TEXT.encode()
            times["back"] = await seen.until(lambda batch: not batch.findings)
    show(capsys, "http (asked every 100 ms)", times)


def show(capsys: pytest.CaptureFixture[str], name: str, times: Mapping[str, float]) -> None:
    with capsys.disabled():
        print(f"\n{name}: " + ", ".join(f"{what} {1000 * time:.0f} ms" for what, time in times.items()))
