"""Containers as an engine tells of them, through everything that can happen to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sources.batches import Batches, following, routers
from tests.sources.engine_double import EngineDouble, container, listening
from tulle.model.registries import DockerSettings, EngineSettings, LabelSettings
from tulle.sources import docker
from tulle.sources.docker import docker_source
from tulle.sources.readings import ReadingSource


@pytest.fixture
def double() -> EngineDouble:
    found = EngineDouble()
    found.put(container("web"), container("db", ports={"5432/tcp": None}))
    return found


@pytest.fixture
async def endpoint(double: EngineDouble, tmp_path: Path) -> AsyncIterator[str]:
    async with listening(double, tmp_path / "d.sock") as found:
        yield found


def source(endpoint: str, watch: bool = True) -> ReadingSource:
    return docker_source(DockerSettings(EngineSettings(endpoint, http_client_timeout=2.0), LabelSettings(watch=watch)))


async def changed(double: EngineDouble, batches: Batches, action: str = "start", kind: str = "container") -> set[str]:
    await double.tell(action, kind=kind)
    return routers(await batches.next())


async def test_containers_come_and_go(double: EngineDouble, endpoint: str) -> None:
    async with following(source(endpoint)) as batches:
        first = await batches.next()
        assert routers(first) == {"web", "db"}
        double.put(container("new"))
        assert await changed(double, batches) == {"web", "db", "new"}
        assert batches.last.documents[0] is first.documents[0]
        double.put(container("new", state="exited"))
        assert await changed(double, batches, "die") == {"web", "db"}
        double.put(container("web", health="unhealthy"))
        assert await changed(double, batches, "health_status: unhealthy") == {"db"}
        del double.containers["db"]
        assert await changed(double, batches, "disconnect", "network") == set()


async def test_noise_is_not_looked_at(double: EngineDouble, endpoint: str) -> None:
    async with following(source(endpoint)) as batches:
        await batches.next()
        asked = len(double.asked)
        for action in ("exec_create: sh", "exec_start: sh", "exec_die", "top", "attach"):
            await double.tell(action)
        await asyncio.sleep(0.3)
        assert len(double.asked) == asked
        for _ in range(20):
            await double.tell("start")
        await asyncio.sleep(0.4)
        assert sum("containers/json" in each for each in double.asked) <= 3


@pytest.mark.parametrize(
    ("api", "oldest", "version"),
    [("1.51", "1.24", "1.51"), ("1.60", "1.44", "1.51"), ("1.60", "1.55", "1.55"), ("1.24", "1.12", "1.24")],
)
async def test_the_newest_version_that_both_know(
    double: EngineDouble, endpoint: str, api: str, oldest: str, version: str
) -> None:
    double.api, double.oldest = api, oldest
    async with following(source(endpoint, watch=False)) as batches:
        assert routers(await batches.next()) == {"web", "db"}
    assert double.asked[0] == "/version"
    assert all(each.startswith(f"/v{version}/") for each in double.asked[1:])


async def test_an_engine_that_goes_and_comes_back(double: EngineDouble, tmp_path: Path) -> None:
    async with following(source(f"unix://{tmp_path}/d.sock")) as batches:
        assert "no such file" in await batches.trouble()
        async with listening(double, tmp_path / "d.sock"):
            first = await batches.until(lambda batch: bool(batch.documents))
        assert "cannot be read since" in await batches.trouble()
        assert batches.last.documents == first.documents
        double.put(container("new"))
        async with listening(double, tmp_path / "d.sock"):
            healed = await batches.until(lambda batch: not batch.findings)
        assert routers(healed) == {"web", "db", "new"}
        assert healed.documents[0] is first.documents[0]


async def test_a_stream_that_is_cut_is_no_trouble(double: EngineDouble, endpoint: str) -> None:
    async with following(source(endpoint)) as batches:
        await batches.next()
        double.put(container("new"))
        double.cut()
        assert routers(await batches.next()) == {"web", "db", "new"}
        assert not batches.last.findings


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        ("/containers/json", b"{]", "no JSON"),
        ("/containers/json", b'{"message": "x"}', "is no list"),
        ("/containers/json", b"[{}]", "without identifiers"),
        ("/containers/json", 500, "the answer is 500"),
        ("/containers/json", 0, "disconnected"),
        ("/version", b"[]", "does not say which version"),
        ("/version", b"hello", "no JSON"),
    ],
)
async def test_garbage_keeps_what_there_was(
    double: EngineDouble, endpoint: str, path: str, answer: bytes | int, sentence: str
) -> None:
    async with following(source(endpoint)) as batches:
        first = await batches.next()
        double.answers[path] = answer
        double.cut()
        assert sentence in await batches.trouble()
        assert batches.last.documents == first.documents
        double.answers.clear()
        assert (await batches.until(lambda batch: not batch.findings)).documents == first.documents


async def test_garbage_among_events(double: EngineDouble, endpoint: str) -> None:
    async with following(source(endpoint)) as batches:
        await batches.next()
        double.put(container("new"))
        await double.say(b"[1]\n{]\n")
        assert routers(await batches.next()) == {"web", "db", "new"}


async def test_a_container_that_goes_in_between(double: EngineDouble, endpoint: str) -> None:
    double.answers[f"/containers/{double.containers['db']['Id']}/json"] = 404
    async with following(source(endpoint)) as batches:
        assert routers(await batches.next()) == {"web"}


async def test_a_container_that_makes_no_sense(double: EngineDouble, endpoint: str) -> None:
    double.answers[f"/containers/{double.containers['db']['Id']}/json"] = b'{"Id": "x"}'
    async with following(source(endpoint)) as batches:
        found = await batches.next()
    assert routers(found) == {"web"}
    assert [str(each) for each in found.findings] == [
        "docker:container/?:1: error: the engine describes it without a name. It is not exposed"
    ]


async def test_who_does_not_tell_is_asked(double: EngineDouble, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "ASKED_AGAIN", 0.05)
    double.answers["/events"] = 403
    async with following(source(endpoint)) as batches:
        (finding,) = (await batches.next()).findings
        assert "it does not tell of events, so it is asked every 0.05 s: the answer is 403" in finding.message
        double.put(container("new"))
        assert routers(await batches.next()) == {"web", "db", "new"}
        assert batches.last.findings == (finding,)


async def test_the_network_of_the_host(double: EngineDouble, endpoint: str) -> None:
    double.put(container("host", {"traefik.http.routers.h.rule": "Path(`/`)"}, mode="host", networks={"host": ""}))
    async with following(source(endpoint)) as batches:
        documents = (await batches.next()).documents
    (service,) = [each.data["http"]["services"]["host"] for each in documents if "host" in each.origin.file]  # type: ignore[index]
    assert service["loadBalancer"]["servers"][0]["url"].startswith("http://")


async def test_ending_closes_everything(double: EngineDouble, endpoint: str) -> None:
    before = len(asyncio.all_tasks())
    async with following(source(endpoint)) as batches:
        await batches.next()
    await asyncio.sleep(0.1)
    assert len(asyncio.all_tasks()) <= before


async def test_where_the_host_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await docker._host() == "127.0.0.1"
    monkeypatch.setattr(docker, "_HOSTS", ("localhost",))
    assert await docker._host() in ("127.0.0.1", "::1")
