from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tulle.flow.gather import Gather, Gathered, merged
from tulle.kit.located import LocatedMap
from tulle.model.documents import Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.sources.base import Batch


def document(name: str, file: str = "a.yaml") -> Document:
    return Document(Origin("file", file), Key("file", Name("", name)), LocatedMap(0))


class FakeSource:
    """Yields what it is handed; fails when it is handed an exception."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.queue: asyncio.Queue[Batch | Exception] = asyncio.Queue()

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            item = await self.queue.get()
            if isinstance(item, Exception):
                raise item
            yield item


async def test_nothing_is_offered_before_every_source_answered_once() -> None:
    one, two = FakeSource("one"), FakeSource("two")
    gather = Gather([one, two])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        a, b, c = document("a"), document("b"), document("c")
        one.queue.put_nowait(Batch((a,)))
        two.queue.put_nowait(Batch((b,)))
        assert (await next_of(gather)).documents == (a, b)
        one.queue.put_nowait(Batch((c,)))
        assert (await next_of(gather)).documents == (c, b)
        running.cancel()


async def test_a_source_that_fails_keeps_what_it_said_and_is_asked_again() -> None:
    one = FakeSource("one")
    gather = Gather([one], first_pause=0.001)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        a, b = document("a"), document("b")
        one.queue.put_nowait(Batch((a,)))
        assert (await next_of(gather)).documents == (a,)
        one.queue.put_nowait(OSError("disk gone"))
        failed = await next_of(gather)
        assert failed.unreadable == {("one", "")}
        assert failed.documents == (a,)
        assert [finding.message for finding in failed.findings] == [
            "source one cannot be read: disk gone; what it last said still counts"
        ]
        one.queue.put_nowait(Batch((b,)))
        assert await next_of(gather) == Gathered((b,), ())
        running.cancel()


async def test_no_sources_have_nothing_and_a_source_may_end() -> None:
    gather = Gather([])
    await gather.run()
    assert await next_of(gather) == Gathered()

    class Once:
        name = "once"

        async def batches(self) -> AsyncIterator[Batch]:
            yield Batch()

    gather = Gather([Once()])
    await gather.run()
    assert await next_of(gather) == Gathered()


async def next_of(gather: Gather) -> Gathered:
    return await asyncio.wait_for(gather.newest.next(), 5)


def test_what_cannot_be_read_now_is_taken_as_it_last_was() -> None:
    finding = Finding.error(Origin("file", "a.yaml"), "cannot be read")
    a1, a2, b = document("a.yaml#1"), document("a.yaml#2"), document("b.yaml#1", "b.yaml")
    before = Batch((a1, a2, b))
    assert merged(before, Batch((b,))) == Batch((b,))
    assert merged(before, Batch((b,), (finding,), frozenset({"a.yaml"}))).documents == (b, a1, a2)
    assert merged(before, Batch((a1,), (finding,), frozenset({"a.yaml#2"}))).documents == (a1, a2)
    assert merged(before, Batch((a1, a2), (finding,), frozenset({"a.yaml#2"}))).documents == (a1, a2)


def test_a_folder_that_is_gone_is_taken_as_it_last_was() -> None:
    finding = Finding.error(Origin("file", "a"), "there is no file or folder a")
    inside, beside = document("a/b/c.yaml#1", "a/b/c.yaml"), document("ab.yaml#1", "ab.yaml")
    after = merged(Batch((inside, beside)), Batch((), (finding,), frozenset({"a"})))
    assert after.documents == (inside,)
    assert after.findings[0].message == "there is no file or folder a; what it last said still counts"


async def test_the_same_can_be_offered_once_more() -> None:
    one = FakeSource("one")
    gather = Gather([one])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        a = document("a")
        one.queue.put_nowait(Batch((a,)))
        assert (await next_of(gather)).documents == (a,)
        gather.again()
        assert (await next_of(gather)).documents == (a,)
        running.cancel()


def test_what_was_pushed_down_and_broken_in_one_go_stays() -> None:
    def policy(place: str, name: str) -> Document:
        data = {"kind": "AuthorizationPolicy", "metadata": {"name": name}}
        return Document(Origin("file", "a.yaml"), Key("file", Name("", place)), data)

    first, deny = policy("a.yaml#1", "first"), policy("a.yaml#2", "deny")
    before, added, again = Batch((first, deny)), policy("a.yaml#2", "added"), policy("a.yaml#1", "first")
    after = merged(before, Batch((again, added), (), frozenset({"a.yaml#3"})))
    assert after.documents == (again, added, deny)


async def test_what_is_unreadable_is_offered_by_file() -> None:
    one, two = FakeSource("one"), FakeSource("two")
    gather = Gather([one, two])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        one.queue.put_nowait(Batch((), (), frozenset({"a.yaml#2"})))
        two.queue.put_nowait(Batch((), (), frozenset({"b.yaml"})))
        offered = await next_of(gather)
        assert {("one", "a.yaml"), ("two", "b.yaml")} <= offered.unreadable
        assert not {("two", "a.yaml"), ("one", "b.yaml")} & offered.unreadable
        running.cancel()


async def test_documents_may_be_of_another_source_than_they_say() -> None:
    source = FakeSource("provider file")
    gather = Gather([source])
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        source.queue.put_nowait(Batch(unreadable=frozenset({"a.yaml"}), source="file"))
        assert (await gather.newest.next()).unreadable == {("file", "a.yaml")}
        source.queue.put_nowait(ValueError("x"))
        assert (await gather.newest.next()).unreadable == {("file", "")}
        running.cancel()


def test_findings_tell_where_something_still_counts() -> None:
    findings = tuple(Finding.error(Origin("file", file), "not YAML") for file in ("a.yaml", "new.yaml"))
    now = Batch((), findings, frozenset({"a.yaml", "new.yaml"}))
    found = merged(Batch((document("a.yaml#1"),)), now).findings
    assert [each.message for each in found] == ["not YAML; what it last said still counts", "not YAML"]


async def test_sources_come_and_go_before_anybody_follows_them() -> None:
    one, two = FakeSource("one"), FakeSource("two")
    gather = Gather([one])
    gather.add(two)
    assert gather.is_waiting
    gather.remove("one")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        two.queue.put_nowait(Batch((document("b"),)))
        assert [each.key.name.name for each in (await next_of(gather)).documents] == ["b"]
        running.cancel()


async def test_sources_come_and_go_while_others_are_followed() -> None:
    one, two = FakeSource("one"), FakeSource("two")
    gather = Gather([one])
    a, b, c = document("a"), document("b"), document("c")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        one.queue.put_nowait(Batch((a,)))
        assert (await next_of(gather)).documents == (a,)
        gather.add(two)
        one.queue.put_nowait(Batch((c,)))
        await asyncio.sleep(0)
        two.queue.put_nowait(Batch((b,)))
        assert (await next_of(gather)).documents == (c, b)
        gather.remove("two")
        assert (await next_of(gather)).documents == (c,)
        two.queue.put_nowait(Batch((a,)))
        one.queue.put_nowait(Batch((b,)))
        assert (await next_of(gather)).documents == (b,)
        running.cancel()


async def test_a_source_that_says_nothing_does_not_hold_up_the_others() -> None:
    one, two = FakeSource("one"), FakeSource("two")
    gather = Gather([one], patience=0.01)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gather.run())
        a, b = document("a"), document("b")
        one.queue.put_nowait(Batch((a,)))
        assert (await next_of(gather)).documents == (a,)
        gather.add(two)
        found = await next_of(gather)
        assert found.documents == (a,)
        assert found.unreadable == {("two", "")}
        assert found.findings[0].message == "source two has not answered yet; what it last said still counts"
        two.queue.put_nowait(Batch((b,)))
        assert await next_of(gather) == Gathered((a, b))
        gather.add(FakeSource("three"))
        gather.remove("three")
        await next_of(gather)
        await asyncio.sleep(0.02)
        one.queue.put_nowait(Batch())
        assert await next_of(gather) == Gathered((b,))
        running.cancel()
