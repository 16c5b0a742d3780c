from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from tests.clients.servers import Web, web
from tulle.model.providers import HttpSettings
from tulle.sources.base import Batch
from tulle.sources.http import HttpSource


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


async def batches(count: int, server: Web, *answers: object, **settings: Any) -> list[Batch]:
    """Each batch, after which the next answer is given."""
    left = list(answers)
    server.answers["/a"] = left.pop(0)
    found: list[Batch] = []
    source = HttpSource(HttpSettings(server.at("/a"), poll_interval=0.01, **settings))
    async with asyncio.timeout(10), aclosing(cast(Any, source.batches())) as given:
        async for batch in given:
            found.append(batch)
            if len(found) == count:
                break
            server.answers["/a"] = left.pop(0)
    return found


async def test_it_is_asked_again_and_again(server: Web) -> None:
    first, second, third, fourth = await batches(4, server, b"a: 1", b"a:\n- [", b"a: 1", b"b: 2")
    assert first.documents[0].data == {"a": 1}
    assert second.documents == third.documents == first.documents
    assert [(each.origin.line, each.message) for each in second.findings] == [
        (2, "not YAML: a value is missing here, or a bracket above is never closed; what it last said still counts")
    ]
    assert second.unreadable == {""} and not third.unreadable
    assert fourth.documents[0].data == {"b": 2}


async def test_what_it_never_said(server: Web) -> None:
    first, second, third = await batches(3, server, 404, b"0123456789", b"a: 1", max_response_body_size=9)
    assert first.documents == second.documents == ()
    assert "provider http cannot be read since " in first.findings[0].message
    assert "the answer is 404 Not Found" in first.findings[0].message
    assert "the answer is larger than 9 bytes" in second.findings[0].message
    assert third.documents[0].data == {"a": 1}
