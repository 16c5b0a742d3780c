from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from tests.sources.batches import following
from tulle.clients.endpoints import CannotFetch
from tulle.kit.located import LocatedMap
from tulle.model.documents import Key
from tulle.model.findings import Severity
from tulle.model.names import Name
from tulle.sources.readings import Entry, Reading, ReadingSource, Remark


def entry(place: str, value: str) -> Entry:
    content = LocatedMap(0)
    content.put("http", value, 0)
    return Entry(place, content)


REMARK = Remark(Severity.WARNING, "docker:container/a", "is odd")


def source(*steps: object) -> ReadingSource:
    left = list(steps)

    async def attempt() -> AsyncGenerator[Reading, None]:
        while left:
            step = left.pop(0)
            if isinstance(step, Exception):
                raise step
            assert isinstance(step, Reading)
            yield step
            await asyncio.sleep(0.05)
        await asyncio.Event().wait()

    return ReadingSource("docker", "unix:///d.sock", [attempt], folder="/etc/t")


async def test_the_same_content_is_the_same_document() -> None:
    steps = (
        Reading((entry("a", "1"), entry("b", "1")), (REMARK,)),
        Reading((entry("a", "1"), entry("b", "2")), (REMARK,)),
    )
    async with following(source(*steps)) as batches:
        before, after = await batches.next(), await batches.next()
    assert before.documents[0] is after.documents[0]
    assert before.documents[1] is not after.documents[1]
    assert before.documents[1].origin is after.documents[1].origin
    assert before.findings == after.findings
    document = before.documents[0]
    assert (document.origin.source, document.origin.file, document.folder) == ("docker", "a", "/etc/t")
    assert document.key == Key("file", Name("", "a"))


async def test_the_same_reading_is_no_news() -> None:
    same = Reading((entry("a", "1"),), (REMARK,))
    again = Reading((entry("a", "1"),), (REMARK,))
    async with following(source(same, again, Reading())) as batches:
        assert len((await batches.next()).documents) == 1
        assert not (await batches.next()).documents


async def test_trouble_keeps_the_documents() -> None:
    remark = Remark(Severity.ERROR, "docker", "is odd")
    steps = (
        Reading((entry("a", "1"),), (remark,)),
        CannotFetch("gone"),
        CannotFetch("gone"),
        Reading((entry("a", "1"),)),
    )
    async with following(source(*steps)) as batches:
        first = await batches.next()
        assert first.findings[0].origin.file == "unix:///d.sock"
        message = await batches.trouble()
        assert batches.last.documents == first.documents
        assert message.startswith("docker cannot be read since ")
        assert message.endswith(": gone; what it last said still counts")
        healed = await batches.until(lambda batch: not batch.unreadable)
        assert healed.documents[0] is first.documents[0]
