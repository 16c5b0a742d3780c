"""Token buckets in a Redis, where those of all hosts are the same."""

from __future__ import annotations

import os
import ssl
from typing import Any

from redis.asyncio import BlockingConnectionPool, RedisCluster
from redis.asyncio import Redis as Client
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tulle.agent.consultant.rates import Pace
from tulle.kit.clock import Clock
from tulle.model.steps import Redis

PREFIX = "rate:"
"""Of keys; with a step `name@provider` they are those of other gateways that count in the same Redis."""
TAKE = """
local per_us, burst, lifetime, now, patience = unpack(ARGV)
local known = redis.call('HMGET', KEYS[1], 'last', 'tokens')
local last, tokens = tonumber(known[1] or 0), tonumber(known[2] or 0)
tokens = math.min(burst, tokens + math.max(now - last, 0) * per_us)
local wait = math.max(1 - tokens, 0) / per_us
if wait <= tonumber(patience) then
    tokens = tokens - 1
end
redis.call('HSET', KEYS[1], 'last', now, 'tokens', tostring(tokens))
redis.call('EXPIRE', KEYS[1], lifetime)
return tostring(wait)
"""
"""All times are in microseconds. What is kept: the last request, and the tokens that were there after it."""


class Unavailable(Exception):
    """The Redis does not answer."""


class SharedBuckets:
    """Those of all Redis that somebody asks for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scripts: dict[Redis, tuple[Any, Any]] = {}
        """Clients, and the script as they know it."""

    async def close(self) -> None:
        """Leave them all."""
        for client, _ in self._scripts.values():
            await client.aclose()

    async def take(self, redis: Redis, id: str, client: str, pace: Pace) -> float:
        """How long to wait; longer than one has patience: then nothing was taken.

        Raises:
            Unavailable: nobody knows.
        """
        if redis not in self._scripts:
            connected = connect(redis)
            self._scripts[redis] = (connected, connected.register_script(TAKE))
        now = int(self._clock.now().timestamp() * 1_000_000)
        arguments = (pace.per_second / 1_000_000, pace.burst, pace.lifetime, now, pace.patience * 1_000_000)
        try:
            wait = await self._scripts[redis][1](keys=[f"{PREFIX}{id}:{client}"], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            raise Unavailable(str(error)) from error
        return float(wait) / 1_000_000


def connect(redis: Redis) -> Any:
    """A client, which connects when it is asked something."""
    places = [(host.strip("[]"), int(port or 6379)) for host, _, port in (_parted(each) for each in redis.endpoints)]
    options: dict[str, Any] = {
        "username": redis.username or None,
        "password": redis.password or None,
        "socket_timeout": max(redis.read_timeout, redis.write_timeout),
        "socket_connect_timeout": redis.dial_timeout,
        **(_tls(redis) if redis.has_tls else {}),
    }
    most = redis.pool_size or 10 * (os.cpu_count() or 1)
    if len(places) > 1:
        from redis.asyncio.cluster import ClusterNode

        nodes = [ClusterNode(host, port) for host, port in places]
        return RedisCluster(startup_nodes=nodes, ssl=redis.has_tls, max_connections=most, **options)
    (host, port), *_ = places
    # Who waits for a Redis that is away learns at once that it is; trying again is left to the next request.
    pool = BlockingConnectionPool(
        connection_class=SSLConnection if redis.has_tls else Connection,
        max_connections=most,
        timeout=redis.read_timeout,
        host=host,
        port=port,
        db=redis.database,
        retry=Retry(NoBackoff(), 1),
        **options,
    )
    return Client(connection_pool=pool)


def _parted(endpoint: str) -> tuple[str, str, str]:
    return endpoint.rpartition(":") if ":" in endpoint else (endpoint, "", "")


def _tls(redis: Redis) -> dict[str, Any]:
    is_text = redis.ca.lstrip().startswith("-----BEGIN")
    return {
        "ssl_cert_reqs": ssl.CERT_NONE if redis.skips_verification else ssl.CERT_REQUIRED,
        "ssl_check_hostname": not redis.skips_verification,
        "ssl_ca_data" if is_text else "ssl_ca_certs": redis.ca or None,
        "ssl_certfile": redis.certificate or None,
        "ssl_keyfile": redis.key or None,
    }
