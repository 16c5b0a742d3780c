from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest

from tests.clients.servers import web
from tests.clients.test_web import context as server_context
from tulle.clients.endpoints import CannotFetch
from tulle.clients.redis import _literal, _tls, follow
from tulle.model.providers import ClientTls, RedisSettings, SentinelSettings


async def reason(settings: RedisSettings, endpoint: str = "127.0.0.1:1") -> str:
    with pytest.raises(CannotFetch) as caught:
        await anext(follow(settings, endpoint))
    return str(caught.value)


def test_a_key_is_no_pattern() -> None:
    assert _literal("a*b[c]?^\\d") == "a\\*b\\[c\\]\\?\\^\\\\d"


async def test_nobody_is_there() -> None:
    assert await reason(RedisSettings()) == "connection refused"
    assert "is no host" in await reason(RedisSettings(), "a:x")
    found = await reason(RedisSettings(endpoints=("127.0.0.1:1",), sentinel=SentinelSettings("main")))
    assert "main" in found


async def test_whoever_is_no_redis() -> None:
    with web() as server:
        assert await reason(RedisSettings(), f"127.0.0.1:{server.port}")
        assert (await reason(RedisSettings(tls=ClientTls()), f"127.0.0.1:{server.port}")).startswith("no TLS: ")


async def test_certificates_become_files(tmp_path: Path) -> None:
    authority = server_context(tmp_path)[1].decode()
    file = str(tmp_path / "server.pem")
    async with contextlib.AsyncExitStack() as stack:
        found = _tls(ClientTls(authority, cert=file, key=file, insecure_skip_verify=True), stack)
        assert Path(found["ssl_ca_certs"]).read_text() == authority
        assert (found["ssl_certfile"], found["ssl_cert_reqs"]) == (file, "none")
        ssl.create_default_context(cafile=found["ssl_ca_certs"])
    assert not Path(found["ssl_ca_certs"]).exists()
    assert "cannot be used" in await reason(RedisSettings(tls=ClientTls(ca="/nowhere")))
