from __future__ import annotations

import asyncio

import pytest

from tulle.kit.located_yaml import Malformed
from tulle.sources import rest
from tulle.sources.rest import RestSource


async def test_what_was_put_last_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    source = RestSource("/srv")
    batches = source.batches()
    first = await anext(batches)
    assert not first.documents and first.unreadable == {""}  # What an earlier process was given still counts.
    source.put(b'{"http": {}}')
    second = await anext(batches)
    assert (second.documents[0].data, second.unreadable) == ({"http": {}}, frozenset())
    source.put(b'{"http": {}}')
    for data, largest in ((b"- a", 100), (b"a: 1", 3)):
        monkeypatch.setattr(rest, "LARGEST", largest)
        with pytest.raises(Malformed):
            source.put(data)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(batches), 0.05)
