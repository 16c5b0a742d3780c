from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

import pytest

from tulle.clients.endpoints import CannotFetch
from tulle.kit.clock import ManualClock
from tulle.model.documents import Origin
from tulle.sources import following
from tulle.sources.following import Following, Trouble


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.05)


class Somebody:
    """Says something else each time."""

    def __init__(self, *scripts: Iterable[object]) -> None:
        self.scripts = list(scripts)
        self.tried = self.closed = 0

    async def attempt(self) -> AsyncGenerator[str, None]:
        self.tried += 1
        try:
            for said in self.scripts.pop(0) if self.scripts else (CannotFetch("gone"),):
                if isinstance(said, Exception):
                    raise said
                if said is None:
                    await asyncio.Event().wait()
                yield str(said)
                await asyncio.sleep(0.05)
        finally:
            self.closed += 1


async def first(count: int, *attempts: Callable[[], AsyncGenerator[str, None]]) -> list[str | Trouble]:
    found: list[str | Trouble] = []
    async with asyncio.timeout(10), aclosing(Following(attempts, ManualClock()).states()) as states:
        async for state in states:
            found.append(state)
            if len(found) == count:
                break
    return found


def reasons(states: Iterable[str | Trouble]) -> list[str]:
    return [f"trouble: {state.reason}" if isinstance(state, Trouble) else state for state in states]


async def test_it_goes_on_after_trouble() -> None:
    somebody = Somebody(["a", "b"], [CannotFetch("down")], [RuntimeError("odd")], ["c", None])
    states = await first(5, somebody.attempt)
    assert reasons(states) == ["a", "b", "trouble: down", "trouble: RuntimeError: odd", "c"]
    assert [state.since for state in states if isinstance(state, Trouble)] == [ManualClock().now()] * 2
    assert somebody.tried == somebody.closed == 4


async def test_one_lost_connection_is_no_trouble() -> None:
    somebody = Somebody(["a", CannotFetch("closed")], ["b"], ["c"])
    assert reasons(await first(4, somebody.attempt)) == ["a", "b", "c", "trouble: gone"]


async def test_an_attempt_that_ends_without_a_word() -> None:
    assert reasons(await first(1, Somebody([]).attempt)) == ["trouble: it ended the connection"]


async def test_others_are_asked_first() -> None:
    one, other = Somebody(), Somebody(["a", None])
    assert reasons(await first(1, one.attempt, other.attempt)) == ["a"]
    one, other = Somebody(), Somebody()
    assert reasons(await first(1, one.attempt, other.attempt)) == ["trouble: gone"]
    assert (one.tried, other.tried) == (1, 1)


async def test_what_belongs_together_is_taken_together() -> None:
    async def quick() -> AsyncGenerator[str, None]:
        for number in range(10):
            yield str(number)
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    assert reasons(await first(1, quick)) == ["9"]


async def test_endless_changes_do_not_keep_it_waiting() -> None:
    async def endless() -> AsyncGenerator[str, None]:
        for number in range(10_000):
            yield str(number)
            await asyncio.sleep(0.005)

    assert len(await first(2, endless)) == 2


def test_trouble_is_told() -> None:
    finding = Trouble("it sleeps", ManualClock().now()).finding(Origin("x", "x:y"), "etcd")
    assert str(finding) == (
        "x:y:1: error: etcd cannot be read since 2026-01-01 00:00:00 UTC: it sleeps; what it last said still counts"
    )
