from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import closing

import pytest

from tulle.agent.consultant import verifying
from tulle.agent.consultant.verifying import Busy, Verifier


class Slow:
    """Hashes that take as long as one likes; the password of `$x` is `x`."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.gate = threading.Semaphore(0)
        self.error: Exception | None = None

    def matches(self, stored: str, password: bytes) -> bool:
        self.seen.append(password.decode())
        assert self.gate.acquire(timeout=10)
        if self.error:
            raise self.error
        return stored == f"${password.decode()}"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr(verifying, "matches", made.matches)
    yield made
    made.gate.release(1000)


async def knows(verifier: Verifier, stored: str, password: bytes, address: str) -> bool:
    known = verifier.known(stored, password)
    return await verifier.verify(stored, password, address) if known is None else known


async def begun(*questions: Coroutine[None, None, bool]) -> list[asyncio.Task[bool]]:
    tasks = [asyncio.get_running_loop().create_task(each) for each in questions]
    await asyncio.sleep(0.01)
    return tasks


async def test_what_is_quick_is_verified_at_once() -> None:
    with closing(Verifier(1)) as verifier:
        assert not await knows(verifier, "{SHA}x", b"x", "1.1.1.1")


async def test_what_was_found_is_remembered(slow: Slow) -> None:
    slow.gate.release(2)
    with closing(Verifier()) as verifier:
        for _ in range(3):
            assert await knows(verifier, "$a", b"a", "1.1.1.1")
            assert not await knows(verifier, "$a", b"b", "1.1.1.1")
    assert slow.seen == ["a", "b"]


async def test_many_who_ask_the_same_wait_for_one_answer(slow: Slow) -> None:
    with closing(Verifier(1)) as verifier:
        tasks = await begun(*(knows(verifier, "$a", b"a", "1.1.1.1") for _ in range(5)))
        slow.gate.release()
        assert await asyncio.gather(*tasks) == [True] * 5
    assert slow.seen == ["a"]


async def test_addresses_take_turns(slow: Slow) -> None:
    with closing(Verifier(1)) as verifier:
        flood = await begun(*(knows(verifier, "$a", b"%d" % each, "6.6.6.6") for each in range(4)))
        right = await begun(knows(verifier, "$a", b"a", "1.1.1.1"))
        slow.gate.release(5)
        assert await asyncio.gather(*right, *flood) == [True, *[False] * 4]
    # The second of the flood is there before; none of the others.
    assert slow.seen.index("a") <= 2


async def test_who_is_known_does_not_wait(slow: Slow) -> None:
    slow.gate.release()
    with closing(Verifier(1)) as verifier:
        assert await knows(verifier, "$a", b"a", "1.1.1.1")
        flood = await begun(*(knows(verifier, "$a", b"%d" % each, "6.6.6.6") for each in range(4)))
        assert await asyncio.wait_for(knows(verifier, "$a", b"a", "1.1.1.1"), 1)
        slow.gate.release(4)
        await asyncio.gather(*flood)


async def test_nobody_waits_for_ever(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "MOST_WAITING_OF_ONE", 2)
    monkeypatch.setattr(verifying, "MOST_WAITING", 4)
    with closing(Verifier(1)) as verifier:
        tasks = await begun(knows(verifier, "$a", b"0", "1.1.1.1"))
        tasks += await begun(*(knows(verifier, "$a", b"%d" % each, "1.1.1.1") for each in (1, 2)))
        with pytest.raises(Busy):
            await knows(verifier, "$a", b"3", "1.1.1.1")
        tasks += await begun(knows(verifier, "$a", b"4", "2.2.2.2"))
        with pytest.raises(Busy):
            await knows(verifier, "$a", b"5", "3.3.3.3")
        slow.gate.release(4)
        assert await asyncio.gather(*tasks) == [False] * 4


async def test_what_nobody_waits_for_any_more_is_not_verified(slow: Slow) -> None:
    with closing(Verifier(1)) as verifier:
        first, second = await begun(knows(verifier, "$a", b"0", "1.1.1.1"), knows(verifier, "$a", b"1", "1.1.1.1"))
        second.cancel()
        slow.gate.release(3)
        assert not await first
        assert await knows(verifier, "$a", b"a", "1.1.1.1")
    assert slow.seen == ["0", "a"]


async def test_who_cannot_be_verified_is_not_let_in(slow: Slow) -> None:
    slow.error = MemoryError()
    slow.gate.release()
    with closing(Verifier(1)) as verifier, pytest.raises(asyncio.CancelledError):
        await knows(verifier, "$a", b"a", "1.1.1.1")
