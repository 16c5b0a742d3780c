"""A real Docker engine with containers that run: a real Traefik and ours see the same, at the same time."""

from __future__ import annotations

import asyncio
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.docker_engine import IMAGE, DockerEngine, docker_engine
from tests.e2e.labelled_traefik import LabelledTraefik, said, traefik
from tests.e2e.traefik.gateways import Tulle
from tests.e2e.traefik.ports import unused_port
from tests.sources.batches import Batches, following, routers
from tulle.model.registries import DockerSettings, EngineSettings, SwarmSettings
from tulle.sources.docker import docker_source
from tulle.sources.readings import ReadingSource
from tulle.sources.swarm import swarm_source

pytestmark = pytest.mark.e2e


@pytest.fixture
async def engine() -> AsyncIterator[DockerEngine]:
    with tempfile.TemporaryDirectory(prefix="tulle-docker-") as folder:
        async with docker_engine(Path(folder)) as found:
            yield found


def source(engine: DockerEngine) -> ReadingSource:
    return docker_source(DockerSettings(EngineSettings(engine.endpoint)))


async def agreed(real: LabelledTraefik, batches: Batches, *names: str) -> None:
    """Both have these routers, and everything else of them is the same."""
    if routers(batches.last) != set(names):
        await batches.until(lambda batch: routers(batch) == set(names))
    async with asyncio.timeout(20):
        while True:
            theirs = await real.shape_now()
            if set(theirs.get("routers", {})) == set(names):
                break
            await asyncio.sleep(0.05)
    assert theirs == said(batches.last.documents)


async def test_containers_live_and_die(engine: DockerEngine, tmp_path: Path) -> None:
    await engine.run("web")
    options = [f"--providers.docker.endpoint={engine.endpoint}"]
    async with traefik(tmp_path, "docker", *options) as real, following(source(engine)) as batches:
        await batches.next()
        await agreed(real, batches, "web")
        rule = {"traefik__http__routers__a__rule": "Path(`/a`)", "traefik__tcp__routers__t__rule": "HostSNI(`*`)"}
        await engine.run("api", **rule)
        await agreed(real, batches, "web", "a")
        await engine.run("hidden", traefik__enable="false")
        await engine.do("stop", "-t", "0", "web")
        await agreed(real, batches, "a")
        await engine.do("start", "web")
        await agreed(real, batches, "web", "a")
        await engine.run("ill", "--health-cmd", "test -e /well", "--health-interval", "1s", "--health-retries", "1")
        await engine.do("exec", "ill", "/bin/busybox", "touch", "/well")
        await agreed(real, batches, "web", "a", "ill")
        await engine.do("exec", "ill", "/bin/busybox", "rm", "/well")
        await agreed(real, batches, "web", "a")
        await engine.do("rm", "-f", "web", "api", "ill")
        await batches.until(lambda batch: not batch.documents)


async def test_the_address_is_that_of_the_container_and_a_change_counts_at_once(engine: DockerEngine) -> None:
    async with following(source(engine)) as batches:
        await batches.next()
        await engine.run("web", "--hostname", "i-am-web")
        began = time.monotonic()
        (document,) = (await batches.until(lambda batch: bool(batch.documents))).documents
        assert time.monotonic() - began < 2
    (server,) = document.data["http"]["services"]["web"]["loadBalancer"]["servers"]  # type: ignore[index]
    answer = await asyncio.to_thread(lambda: urllib.request.urlopen(server["url"], timeout=5).read())
    assert answer == b"i-am-web\n"


async def test_an_engine_that_goes_and_comes_back(engine: DockerEngine) -> None:
    await engine.run("web", "--restart", "always")
    async with following(source(engine)) as batches:
        first = await batches.until(lambda batch: bool(batch.documents))
        await engine.stop()
        await batches.trouble()
        assert batches.last.documents
        await engine.start()
        healed = await batches.until(lambda batch: not batch.findings and bool(batch.documents))
    assert said(healed.documents)["routers"] == said(first.documents)["routers"]


async def test_services_of_a_swarm(engine: DockerEngine, tmp_path: Path) -> None:
    status, why = await engine.tried(
        "swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377"
    )
    if status != 0:
        pytest.skip(f"there can be no Swarm here: {why}")
    await engine.do("network", "create", "-d", "overlay", "net")
    port = "--label=traefik.http.services.web.loadbalancer.server.port=80"
    await engine.do("service", "create", "-d", "--name", "web", "--network", "net", port, IMAGE)
    options = [f"--providers.swarm.endpoint={engine.endpoint}", "--providers.swarm.refreshSeconds=1"]
    ours = swarm_source(SwarmSettings(EngineSettings(engine.endpoint), refresh_seconds=0.3))
    async with traefik(tmp_path, "swarm", *options) as real, following(ours) as batches:
        await agreed(real, batches, "web")
        await engine.do("service", "scale", "-d", "web=3")
        await batches.until(lambda batch: len(said(batch.documents)["services"]["web"]) == 3)
        async with asyncio.timeout(20):
            while await real.shape_now() != said(batches.last.documents):
                await asyncio.sleep(0.1)
        labels = ("--label-add", "traefik.swarm.lbswarm=true", "--label-add", "traefik.http.routers.r.rule=Path(`/`)")
        await engine.do("service", "update", "-d", *labels, "web")
        await agreed(real, batches, "r")
        assert len(said(batches.last.documents)["services"]["web"]) == 1
        await engine.do("service", "rm", "web")
        await batches.until(lambda batch: not batch.documents)


async def test_the_edge_follows_containers(engine: DockerEngine, tmp_path: Path) -> None:
    port, folder = unused_port(), tmp_path / "conf"
    folder.mkdir()
    static = folder / "traefik.yml"
    providers = f"providers: {{docker: {{endpoint: '{engine.endpoint}'}}}}\n"
    static.write_text(f"entryPoints: {{web: {{address: '127.0.0.1:{port}'}}}}\n{providers}")
    await engine.run("web", "--hostname", "i-am-web", traefik__http__routers__a__rule="Host(`a.local`)")
    with Tulle().running(static):
        assert await _answer(port, "a.local", 20) == b"i-am-web\n"
        await engine.run("other", "--hostname", "i-am-other", traefik__http__routers__b__rule="Host(`b.local`)")
        assert await _answer(port, "b.local", 2) == b"i-am-other\n"
        await engine.do("rm", "-f", "web")
        async with asyncio.timeout(2):
            while await _asked(port, "a.local") != (404, b"404 page not found\n"):
                await asyncio.sleep(0.02)
        await engine.stop()
        await asyncio.sleep(0.5)
        # The router stays, though its container went with the engine.
        assert (await _asked(port, "b.local"))[0] != 404
        await engine.start()
        await engine.do("start", "other")
        assert await _answer(port, "b.local", 10) == b"i-am-other\n"


async def _answer(port: int, host: str, patience: float) -> bytes:
    async with asyncio.timeout(patience):
        while True:
            status, content = await _asked(port, host)
            if status == 200:
                return content
            await asyncio.sleep(0.02)


async def _asked(port: int, host: str) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": host})
    try:
        return 200, await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=0.5).read())
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
