from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tulle.agent import admin
from tulle.agent.admin import Admin, AdminUnreachable, in_flight

GAUGES = b'{"stats": [{"name": "http.in.downstream_rq_active", "value": 2}, {"histograms": {}}]}'


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Envoy's admin interface, as far as we ask."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode().partition("\r\n")[0]
    match request:
        case "GET /ready HTTP/1.1":
            writer.write(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 18\r\n\r\nPRE_INITIALIZING\r\n")
        case "GET /stats?format=json&type=Gauges HTTP/1.1":
            half = len(GAUGES) // 2
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for part in (GAUGES[:half], GAUGES[half:], b""):
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        case "POST /drain_listeners?graceful&skip_exit HTTP/1.1":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nOK\n")
        case _:
            writer.write(b"nonsense")
    writer.close()


async def test_envoy_is_asked_over_its_socket(tmp_path: Path) -> None:
    socket = tmp_path / "admin"
    async with await asyncio.start_unix_server(answer, socket):
        envoy = Admin(socket)
        assert await envoy.state() == "PRE_INITIALIZING"
        assert await envoy.in_flight() == 2
        await envoy.drain()
        with pytest.raises(AdminUnreachable):
            await envoy._request("GET", "/else")


async def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AdminUnreachable, match="does not answer on admin"):
        await Admin(tmp_path / "admin").state()

    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    monkeypatch.setattr(admin, "TIMEOUT", 0.05)
    async with await asyncio.start_unix_server(silent, tmp_path / "silent"):
        with pytest.raises(AdminUnreachable):
            await Admin(tmp_path / "silent").state()
        await left.wait()


def test_requests_and_connections_that_are_not_http_are_in_flight() -> None:
    assert in_flight({}) == 0
    gauges = {
        "http.admin.downstream_rq_active": 1,
        "listener.admin.downstream_cx_active": 1,
        "http.in.downstream_rq_active": 1,
        "http.in.downstream_cx_active": 3,
        "listener.in.downstream_cx_active": 5,
        "listener.in.worker_0.downstream_cx_active": 5,
        "server.live": 1,
    }
    assert in_flight(gauges) == 3
