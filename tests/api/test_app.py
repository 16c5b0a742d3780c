"""The servers: they start, say who is in the way, and stop without a trace."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tulle.api import app
from tulle.api.hosts_client import join


async def test_the_api_answers_whoever_shows_the_token(serving: Any) -> None:
    async with serving() as api:
        answer = await api.client.get("/v1/status")
        assert (answer.status_code, answer.json()["version"]) == (200, "tulle/v1")


async def test_the_api_stops_when_it_is_cancelled_and_closes_what_is_open(serving: Any) -> None:
    async with serving() as api:
        url = api.client.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
    assert b"application/problem+json" in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:x", "192.0.2.1:0"])
async def test_an_address_that_cannot_be_used_is_said(tmp_path: Path, address: str) -> None:
    with pytest.raises(OSError, match=f"the API cannot listen at {address}"):
        await app.serve(address, None, None, tmp_path / "token")  # type: ignore[arg-type]


async def test_a_port_in_use_is_said(tmp_path: Path, plane: Any) -> None:
    other = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    address = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
    with pytest.raises(OSError, match=r"cannot listen at .*: Address already in use"):
        await app.serve(address, None, None, tmp_path / "token")  # type: ignore[arg-type]
    other.close()


async def test_hosts_join_at_a_socket_or_a_port(plane: Any, tmp_path: Path) -> None:
    from tulle.api.credentials import ServerCertificate

    certificate = ServerCertificate(plane.authority, "mesh.test")
    stale = tmp_path / "stale.sock"
    stale.touch()
    async with (
        app.joining(plane.hosts, f"unix:{stale}") as local,
        app.joining(plane.hosts, "127.0.0.1:0", certificate.enrolment()) as remote,
    ):
        for address in (local, remote):
            await join(address, str(plane.tokens.create()), "alpha")


async def test_a_place_to_join_that_cannot_be_used_is_said(plane: Any, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="hosts cannot join at unix:/nonexistent"):
        async with app.joining(plane.hosts, "unix:/nonexistent/x.sock"):
            pass
    with pytest.raises(ValueError, match="only join over TLS or a Unix socket"):
        async with app.joining(plane.hosts, "127.0.0.1:0"):
            pass


def test_importing_it_does_not_import_the_web_framework() -> None:
    code = "import sys, tulle.api.app; print([m for m in ('fastapi', 'uvicorn', 'httpx') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
