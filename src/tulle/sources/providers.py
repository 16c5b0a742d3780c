"""The sources that settings ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.kit.clock import Clock
from tulle.model.providers import (
    ConsulSettings,
    EtcdSettings,
    HttpSettings,
    RedisSettings,
    RemoteSettings,
    ZooKeeperSettings,
)
from tulle.sources.base import Source
from tulle.sources.consul import consul_sources
from tulle.sources.etcd import etcd_source
from tulle.sources.http import HttpSource
from tulle.sources.redis import redis_source
from tulle.sources.rest import RestSource
from tulle.sources.zookeeper import zookeeper_source


def sources(settings: Iterable[RemoteSettings], clock: Clock | None = None, folder: str = "") -> Iterator[Source]:
    """One for each, and one for each namespace of Consul; relative paths start in `folder`."""
    for each in settings:
        match each:
            case EtcdSettings():
                yield etcd_source(each, clock, folder)
            case ConsulSettings():
                yield from consul_sources(each, clock, folder)
            case RedisSettings():
                yield redis_source(each, clock, folder)
            case ZooKeeperSettings():
                yield zookeeper_source(each, clock, folder)
            case HttpSettings():
                yield HttpSource(each, clock, folder)
            case _:
                yield RestSource(folder)
