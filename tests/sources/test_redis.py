from __future__ import annotations

from tulle.model.providers import RedisSettings, SentinelSettings
from tulle.sources.redis import redis_source


async def test_nobody_is_there() -> None:
    for sentinel in (None, SentinelSettings("main")):
        source = redis_source(RedisSettings(endpoints=("127.0.0.1:1", "127.0.0.1:2"), sentinel=sentinel))
        batch = await anext(source.batches())
        assert batch.unreadable == {""} and batch.findings[0].origin.file == "redis:traefik"
