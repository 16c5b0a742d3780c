from __future__ import annotations

import httpx
import pytest

from tests.clients.servers import Handler, Web, web
from tulle.clients.endpoints import CannotFetch
from tulle.clients.questions import Refused, asked


async def ask(there: Web, path: str, patience: float = 5.0, may_be_missing: bool = False) -> object:
    async with httpx.AsyncClient(base_url=there.at(""), trust_env=False) as client:
        return await asked(client, path, {"a": ["1", "2"]}, patience, may_be_missing)


async def test_answers() -> None:
    with web() as there:
        there.answers["/x?a=1&a=2"] = b'{"b": 1}'
        assert await ask(there, "/x") == {"b": 1}
        assert await ask(there, "/gone", may_be_missing=True) is None
        with pytest.raises(Refused, match="asked for /gone: the answer is 404"):
            await ask(there, "/gone")


async def test_patience_has_an_end() -> None:
    def slow(handler: Handler) -> None:
        handler.web.ended.wait(5)

    with web() as there:
        there.answers["/x?a=1&a=2"] = slow
        with pytest.raises(CannotFetch, match=r"does not answer within 0.1 s"):
            await ask(there, "/x", 0.1)
