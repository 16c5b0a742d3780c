from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tulle.flow import taken
from tulle.flow.taken import Taken
from tulle.model.mesh import Mesh


class World:
    """Proxies that are synced or not, and time that passes when it is asked to."""

    def __init__(self) -> None:
        self.is_synced = True
        self.told = 0
        self.waited: list[float] = []
        self.steps = asyncio.Semaphore(0)
        self.taken = Taken(lambda: self.is_synced, self.tell, self.pause)

    def tell(self) -> None:
        self.told += 1

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        await self.steps.acquire()

    async def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.steps.release()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    world = World()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(world.taken.run())
        yield world
        task.cancel()


async def test_a_mesh_counts_when_every_proxy_has_taken_it() -> None:
    async with running() as world:
        world.is_synced, mesh = False, Mesh()
        world.taken.published(mesh, is_awaited=True)
        await world.step(3)
        assert world.told == 0
        world.is_synced = True
        await world.step(2)
        assert world.taken.mesh is mesh
        assert world.told == 1
        assert world.waited[-1] == taken.GRACE


async def test_who_takes_nothing_is_not_waited_for_for_ever() -> None:
    async with running() as world:
        world.is_synced, mesh = False, Mesh()
        world.taken.published(mesh, is_awaited=True)
        await world.step(round(taken.PATIENCE / taken.TICK) + 3)
        assert world.taken.mesh is mesh


async def test_what_is_not_the_newest_counts_for_nothing() -> None:
    async with running() as world:
        first, second = Mesh(), Mesh()
        world.taken.published(first, is_awaited=True)
        await asyncio.sleep(0)
        world.taken.published(second, is_awaited=True)
        await world.step()
        assert world.told == 0
        await world.step()
        assert world.taken.mesh is second


async def test_nothing_is_kept_when_nobody_waits() -> None:
    async with running() as world:
        world.taken.published(Mesh(), is_awaited=True)
        await world.step(2)
        assert world.told == 1
        before = world.taken.mesh
        world.taken.published(Mesh(), is_awaited=False)
        await world.step(2)
        assert world.taken.mesh is not before
        assert world.told == 1
