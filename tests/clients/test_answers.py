from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tulle.clients.answers import decoded, lines, refused, whole
from tulle.clients.endpoints import CannotFetch


def answer(*parts: bytes, status: int = 200) -> httpx.Response:
    async def content() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    return httpx.Response(status, content=content())


async def test_json_in_full() -> None:
    assert await whole(answer(b'{"a":', b"1}")) == {"a": 1}
    with pytest.raises(CannotFetch, match="its answer is larger than 0 MB"):
        await whole(answer(b"[", b"1]"), largest=1)


async def test_json_line_by_line() -> None:
    assert [each async for each in lines(answer(b"1\n\n[", b"2]\n3"))] == [1, [2]]
    with pytest.raises(CannotFetch, match="larger"):
        assert [each async for each in lines(answer(b"1\n23", b"4"), largest=2)]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(CannotFetch, match="its answer is no JSON: "):
        decoded(data)


async def test_a_refusal_is_told_with_its_words() -> None:
    assert str(await refused(answer(b" not you ", status=403))) == "the answer is 403 Forbidden: not you"
    assert str(await refused(answer(status=599))) == "the answer is 599"
    assert len(str(await refused(answer(b"x" * 1000, status=500)))) < 300
