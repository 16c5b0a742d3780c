"""Redis as a source."""

from __future__ import annotations

from functools import partial

from tulle.clients import redis
from tulle.kit.clock import Clock
from tulle.model.providers import RedisSettings
from tulle.sources.key_values import KeyValueSource

NAME = "redis"


def redis_source(settings: RedisSettings, clock: Clock | None = None, folder: str = "") -> KeyValueSource:
    """Everything below the root key, as soon as Redis tells of it."""
    # Sentinels are asked all together where the server is.
    endpoints = settings.endpoints[:1] if settings.sentinel else settings.endpoints
    attempts = [partial(redis.follow, settings, endpoint) for endpoint in endpoints]
    return KeyValueSource(NAME, settings.root_key, attempts, clock, folder)
