"""Labels become what a real Traefik makes of them, which asks the same engine at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.labelled_traefik import LabelledTraefik, Shape, said, traefik
from tests.sources.engine_double import EngineDouble, container, listening, network, service, task
from tests.sources.labels.cases import BINDINGS, CASES, EMPTY_ALLOWED, SWARM, Swarm
from tulle.model.registries import DockerSettings, EngineSettings, LabelSettings, SwarmSettings
from tulle.sources.base import Batch
from tulle.sources.docker import docker_source
from tulle.sources.swarm import swarm_source

pytestmark = pytest.mark.e2e
DIFFERENT = {
    "a server with an index": "Traefik knows no servers[0] in labels, and forgets the container",
    "two, one is ill": "Traefik adds a server without an address for the container that is ill",
}
"""Where ours does better, and what the other does."""
EMPTY_IN_SWARM = frozenset(
    (
        "no task",
        "a task that does not run",
        "a network that nobody knows",
        "balanced by names and by the swarm",
    )
)
"""With `allowEmptyServices`: Traefik 3.7 forgets services of a Swarm without tasks nevertheless, later ones do not."""


@pytest.mark.parametrize(
    ("cases", "settings", "options"),
    [
        (CASES, LabelSettings(), []),
        (BINDINGS, LabelSettings(use_bind_port_ip=True), ["--providers.docker.useBindPortIP=true"]),
        (EMPTY_ALLOWED, LabelSettings(allow_empty_services=True), ["--providers.docker.allowEmptyServices=true"]),
    ],
    ids=["usual", "bindings", "empty services"],
)
async def test_containers_become_the_same(
    cases: Mapping[str, Sequence[dict[str, Any]]], settings: LabelSettings, options: list[str], tmp_path: Path
) -> None:
    double = EngineDouble(api="1.52", oldest="1.44")
    double.put(container("mark", _mark("mark")))

    async def set_up(mark: str, containers: Sequence[dict[str, Any]]) -> None:
        double.containers.clear()
        double.put(container(mark, _mark(mark)), *containers)
        await double.tell("start")

    async with listening(double, tmp_path / "docker.sock") as endpoint:
        options = [f"--providers.docker.endpoint={endpoint}", *options]
        source = docker_source(DockerSettings(EngineSettings(endpoint), settings))
        async with traefik(tmp_path, "docker", *options) as real, aclosing(_iterator(source.batches())) as batches:
            await real.shape("mark")
            await _until(batches, "mark")
            assert set(await _differences(cases, set_up, real, batches)) == DIFFERENT.keys() & cases.keys()


@pytest.mark.parametrize("allows_empty", [False, True])
async def test_services_of_a_swarm_become_the_same(allows_empty: bool, tmp_path: Path) -> None:
    double = EngineDouble(networks=[network("net"), network("other")])

    async def set_up(mark: str, swarm: Swarm) -> None:
        labels = {**_mark(mark), f"traefik.http.services.{mark}.loadbalancer.server.port": "80"}
        double.services = [service(mark, labels), *swarm[0]]
        double.tasks = [task(mark, 1, {"net": "10.0.1.250/24"}), *swarm[1]]

    await set_up("mark", ((), ()))
    async with listening(double, tmp_path / "docker.sock") as endpoint:
        options = [f"--providers.swarm.endpoint={endpoint}", "--providers.swarm.refreshSeconds=1"]
        options += ["--providers.swarm.allowEmptyServices=true"] if allows_empty else []
        settings = LabelSettings(allow_empty_services=allows_empty)
        source = swarm_source(SwarmSettings(EngineSettings(endpoint), settings, refresh_seconds=0.1))
        async with traefik(tmp_path, "swarm", *options) as real, aclosing(_iterator(source.batches())) as batches:
            await real.shape("mark")
            await _until(batches, "mark")
            assert set(await _differences(SWARM, set_up, real, batches)) == (EMPTY_IN_SWARM if allows_empty else set())


async def _differences(
    cases: Mapping[str, Any],
    set_up: Callable[[str, Any], Awaitable[None]],
    real: LabelledTraefik,
    batches: AsyncIterator[Batch],
) -> dict[str, tuple[Shape, Shape]]:
    """Theirs and ours, by case."""
    found = {}
    for number, (name, case) in enumerate(cases.items()):
        mark = f"mark{number}"
        await set_up(mark, case)
        theirs, ours = await real.shape(mark), said((await _until(batches, mark)).documents)
        if theirs != ours:
            found[name] = (theirs, ours)
    return found


async def _until(batches: AsyncIterator[Batch], mark: str) -> Batch:
    async with asyncio.timeout(10):
        async for batch in batches:
            if mark in said(batch.documents).get("routers", {}):
                return batch
    raise AssertionError("it ended")


async def _iterator(batches: AsyncIterator[Batch]) -> Any:
    async for batch in batches:
        yield batch


def _mark(name: str) -> dict[str, str]:
    return {f"traefik.http.routers.{name}.rule": f"Path(`/{name}`)"}
