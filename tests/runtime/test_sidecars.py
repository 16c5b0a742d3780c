from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from tulle.model.workloads import Assignment, InstanceState
from tulle.runtime.sidecars import Sidecars

Assign = Callable[..., Assignment]
Running = Callable[..., AbstractAsyncContextManager[Any]]


def test_test_double_is_what_the_runtime_asks_for(sidecars: Any) -> None:
    double: Sidecars = sidecars
    assert double is sidecars


async def test_sidecar_that_fails_is_tried_again_and_said(running: Running, assignment: Assign, sidecars: Any) -> None:
    sidecars.failures = ["no certificate"] * 3
    async with running() as world:
        world.supervisor.assign((assignment(),))
        now = await world.until(lambda all_: any("certificate" in i.message for i in all_))
        assert now[0].state is InstanceState.STARTING
        assert now[0].message == "its sidecar does not serve: no certificate"
        (instance,) = await world.ready()
        assert instance.message == "" and sidecars.failures == []


async def test_sidecar_that_is_lost_takes_its_instance_out(running: Running, assignment: Assign) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(),))
        (instance,) = await world.ready()
        world.supervisor.sidecar_is(instance.id, "Envoy ended with exit status 1")
        (now,) = world.supervisor.instances()
        assert (now.state, now.message) == (InstanceState.UNHEALTHY, "Envoy ended with exit status 1")
        world.supervisor.sidecar_is(instance.id, "")
        assert world.supervisor.instances() == (instance,)
        world.supervisor.sidecar_is("gone", "")


async def test_sidecar_that_cannot_drain_is_stopped_anyway(running: Running, assignment: Assign, sidecars: Any) -> None:
    async with running() as world:
        world.supervisor.assign((assignment(drain=0.1),))
        (instance,) = await world.ready()
        sidecars.drained.clear()
        world.supervisor.assign(())
        await world.until(lambda now: now == ())
        assert sidecars.events[-2:] == [("drain", instance.id), ("stop", instance.id)]
