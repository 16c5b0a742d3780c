from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.flow.certificates.making import NOW
from tests.flow.certificates.waiting import until
from tulle.flow.certificates import gateways
from tulle.flow.certificates.gateways import Gateways
from tulle.flow.certificates.kept import Shown
from tulle.flow.certificates.shelf import Shelf
from tulle.kit.clock import ManualClock
from tulle.model.challenges import Answer, HttpAnswer
from tulle.store.base import StoreUnusable
from tulle.store.sqlite_records import SqliteRecords

ANSWER = HttpAnswer(token="t", text="t.k")
SHOWN = {"answer/http-01/t": Shown(http=ANSWER, until=NOW)}


@dataclass
class World:
    shelf: Shelf
    clock: ManualClock = field(default_factory=ManualClock)
    given: list[tuple[Answer, ...]] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def reached(self, answers: tuple[Answer, ...]) -> None:
        self.given.append(answers)
        await self.ready.wait()

    @asynccontextmanager
    async def running(self, beat: float = 20.0) -> AsyncIterator[Gateways]:
        made = Gateways(self.shelf, self.clock, "me", self.reached, beat)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(made.run())
            yield made
            task.cancel()

    @property
    def shows(self) -> tuple[str, ...] | None:
        me = self.shelf.content().replicas.get("me")
        return None if me is None else me.shows


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    records = SqliteRecords(tmp_path / "store.db")
    yield World(Shelf(records))
    records.close()


async def test_others_are_told_when_gateways_have_it(world: World) -> None:
    async with world.running() as made:
        made.show(SHOWN)
        await until(lambda: world.given == [(ANSWER,)])
        assert world.shows is None
        world.ready.set()
        await until(lambda: world.shows == ("answer/http-01/t",))
        made.show(dict(SHOWN))
        made.show({})
        await until(lambda: world.shows == ())
        assert world.given == [(ANSWER,), ()], "what is the same is not said again"
    assert world.shows is None, "and that it is gone"


async def test_a_replica_says_again_and_again_that_it_lives(world: World) -> None:
    world.ready.set()
    async with world.running(beat=0.02) as made:
        made.show({})
        await until(lambda: len(world.given) > 3)


async def test_gateways_that_do_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "PATIENCE", 0.02)
    async with world.running() as made:
        made.show(SHOWN)
        await until(lambda: world.shows == ())


async def test_a_store_that_cannot_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.ready.set()

    def fails(*_: object) -> None:
        raise StoreUnusable("the disk is full")

    monkeypatch.setattr(world.shelf, "put", fails)
    monkeypatch.setattr(world.shelf, "remove", fails)
    async with world.running() as made:
        made.show(SHOWN)
        await until(lambda: "cannot be told what the gateways answer: the disk is full" in caplog.text)
