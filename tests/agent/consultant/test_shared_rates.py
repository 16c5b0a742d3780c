"""Without a Redis; what the script does there is tested end to end."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from redis.asyncio import RedisCluster
from redis.exceptions import ConnectionError

from tulle.agent.consultant import shared_rates
from tulle.agent.consultant.rates import Pace
from tulle.agent.consultant.shared_rates import SharedBuckets, Unavailable, connect
from tulle.kit.clock import ManualClock
from tulle.model.steps import Redis

PACE = Pace(0.2, 3, 0.5, 6)


class Played:
    """A Redis that says what one likes."""

    def __init__(self) -> None:
        self.called: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.is_closed = False

    def register_script(self, text: str) -> Any:
        assert "HMGET" in text
        return self.run

    async def run(self, **arguments: Any) -> bytes:
        self.called.append(arguments)
        if self.error:
            raise self.error
        return b"1500000"

    async def aclose(self) -> None:
        self.is_closed = True


async def test_buckets_are_in_the_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played()
    monkeypatch.setattr(shared_rates, "connect", lambda _: played)
    buckets = SharedBuckets(ManualClock())
    assert await buckets.take(Redis(), "limit@file", "1.1.1.1", PACE) == 1.5
    assert await buckets.take(Redis(), "limit@file", "1.1.1.1", PACE) == 1.5
    assert played.called[0] == played.called[1]
    assert played.called[0]["keys"] == ["rate:limit@file:1.1.1.1"]
    per_us, burst, lifetime, now, patience = played.called[0]["args"]
    assert (per_us, burst, lifetime, patience) == (pytest.approx(2e-7), 3, 6, 500_000)
    assert now == 1_767_225_600_000_000
    played.error = ConnectionError("refused")
    with pytest.raises(Unavailable, match="refused"):
        await buckets.take(Redis(), "limit@file", "1.1.1.1", PACE)
    await buckets.close()
    assert played.is_closed


def test_one_place() -> None:
    client = connect(Redis(endpoints=("[::1]:7000",), username="u", password="p", database=3, pool_size=7))
    said = client.connection_pool.connection_kwargs
    assert {name: said[name] for name in ("host", "port", "username", "password", "db")} == {
        "host": "::1",
        "port": 7000,
        "username": "u",
        "password": "p",
        "db": 3,
    }
    assert client.connection_pool.max_connections == 7
    assert connect(Redis(endpoints=("redis",))).connection_pool.connection_kwargs["port"] == 6379


def test_with_tls() -> None:
    said = connect(Redis(has_tls=True, ca="/ca.pem", certificate="/c", key="/k")).connection_pool.connection_kwargs
    assert (said["ssl_ca_certs"], said["ssl_certfile"], said["ssl_keyfile"]) == ("/ca.pem", "/c", "/k")
    assert (said["ssl_cert_reqs"], said["ssl_check_hostname"]) == (ssl.CERT_REQUIRED, True)
    said = connect(Redis(has_tls=True, ca="-----BEGIN", skips_verification=True)).connection_pool.connection_kwargs
    assert said["ssl_ca_data"] == "-----BEGIN"
    assert (said["ssl_cert_reqs"], said["ssl_check_hostname"]) == (ssl.CERT_NONE, False)


async def test_a_cluster() -> None:
    client = connect(Redis(endpoints=("a:1", "b:2")))
    assert isinstance(client, RedisCluster)
    await client.aclose()
