"""How engines are reached; what they answer is in tests/sources/test_docker.py."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.clients.servers import Handler, web
from tests.sources.engine_double import EngineDouble, container, listening
from tulle.clients import engine as module
from tulle.clients.endpoints import CannotFetch
from tulle.clients.engine import engine
from tulle.model.client_tls import ClientTls
from tulle.model.registries import EngineSettings


@pytest.mark.parametrize("endpoint", ["ssh://host", "npipe:////./pipe/docker", "tcp://", "/var/run/docker.sock", ""])
async def test_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(CannotFetch, match="write unix:///path or tcp://host:port"):
        async with engine(EngineSettings(endpoint)):
            pass


async def test_over_tcp_with_a_password() -> None:
    seen: list[str | None] = []

    def version(handler: Handler) -> None:
        seen.append(handler.headers["authorization"])
        handler.say(200, b'{"ApiVersion": "1.44"}')

    with web() as there:
        there.answers["/version"] = version
        settings = EngineSettings(f"tcp://127.0.0.1:{there.port}", username="u", password="p")
        async with engine(settings) as found:
            assert found.version == (1, 44)
            there.answers["/v1.44/containers/json?all=true"] = b"null"
            assert await found.containers() == []
    assert seen == ["Basic dTpw"]


async def test_tls_that_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context: list[Any] = []

    def remembered(tls: ClientTls | None) -> ssl.SSLContext:
        context.append(tls)
        return ssl.create_default_context()

    monkeypatch.setattr(module, "context", remembered)
    tls = ClientTls(ca="x")
    with pytest.raises(CannotFetch):
        async with engine(EngineSettings("tcp://127.0.0.1:1", tls=tls)):
            pass
    assert context == [tls]


async def test_too_many_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    double = EngineDouble()
    double.put(container("a"), container("b"))
    async with listening(double, tmp_path / "d.sock") as endpoint, engine(EngineSettings(endpoint)) as found:
        with pytest.raises(CannotFetch, match="more than 1 containers"):
            await found.containers()


async def test_a_container_that_cannot_be_inspected(tmp_path: Path) -> None:
    double = EngineDouble()
    double.put(container("a"))
    double.answers[f"/containers/{double.containers['a']['Id']}/json"] = 500
    async with listening(double, tmp_path / "d.sock") as endpoint, engine(EngineSettings(endpoint)) as found:
        with pytest.raises(CannotFetch, match="the answer is 500"):
            await found.containers()
