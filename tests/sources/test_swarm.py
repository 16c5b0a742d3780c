"""Services of a Swarm, asked for again and again."""

from __future__ import annotations

from pathlib import Path

from tests.sources.batches import following, routers
from tests.sources.engine_double import EngineDouble, listening, network, service, task
from tulle.model.registries import EngineSettings, LabelSettings, SwarmSettings
from tulle.sources.swarm import swarm_source

LABELS = {"traefik.http.services.web.loadbalancer.server.port": "80"}


def double() -> EngineDouble:
    found = EngineDouble(services=[service("web", LABELS)], networks=[network("net")])
    found.tasks = [task("web", 1, {"net": "10.0.1.5/24"})]
    return found


async def test_services_change(tmp_path: Path) -> None:
    engine = double()
    async with listening(engine, tmp_path / "d.sock") as endpoint:
        source = swarm_source(SwarmSettings(EngineSettings(endpoint), refresh_seconds=0.05))
        async with following(source) as batches:
            assert routers(await batches.next()) == {"web"}
            engine.tasks.append(task("web", 2, {"net": "10.0.1.6/24"}))
            (document,) = (await batches.next()).documents
            assert document.origin.file == "swarm:service/web"
            engine.services[0]["Spec"]["Labels"]["traefik.enable"] = "x"
            found = await batches.next()
            assert not found.documents
            assert 'must be true or false, not "x"' in found.findings[0].message


async def test_nodes_may_be_refused_and_old_engines_have_other_networks(tmp_path: Path) -> None:
    engine = double()
    engine.api, engine.answers["/nodes"] = "1.28", 403
    async with listening(engine, tmp_path / "d.sock") as endpoint:
        source = swarm_source(SwarmSettings(EngineSettings(endpoint), LabelSettings(watch=False)))
        async with following(source) as batches:
            assert routers(await batches.next()) == {"web"}
    assert any("overlay" in each for each in engine.asked)


async def test_an_engine_that_is_in_no_swarm(tmp_path: Path) -> None:
    engine = double()
    engine.answers["/services"] = 503
    async with (
        listening(engine, tmp_path / "d.sock") as endpoint,
        following(swarm_source(SwarmSettings(EngineSettings(endpoint)))) as batches,
    ):
        assert "asked for /v1.51/services: the answer is 503" in await batches.trouble()
