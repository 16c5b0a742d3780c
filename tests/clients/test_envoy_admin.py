from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tulle.clients.envoy_admin import exchange


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")[0]
    if request == "GET /chunks HTTP/1.1":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    elif request == "GET /whole HTTP/1.1":
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 3\r\n\r\nabc")
    writer.close()


async def test_answers_come_whole(tmp_path: Path) -> None:
    socket = tmp_path / "admin"
    async with await asyncio.start_unix_server(answer, socket):
        assert await exchange(socket, "GET", "/chunks") == "abcde"
        assert await exchange(socket, "GET", "/whole") == "abc"
        with pytest.raises(asyncio.IncompleteReadError):
            await exchange(socket, "POST", "/else")
