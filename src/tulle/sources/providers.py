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
    RestSettings,
    ZooKeeperSettings,
)
from tulle.model.registries import (
    BoltDbSettings,
    DockerSettings,
    EurekaSettings,
    MarathonSettings,
    MesosSettings,
    RegistrySettings,
    SwarmSettings,
)
from tulle.sources.base import Source
from tulle.sources.boltdb import boltdb_source
from tulle.sources.consul import consul_sources
from tulle.sources.docker import docker_source
from tulle.sources.etcd import etcd_source
from tulle.sources.eureka import eureka_source
from tulle.sources.http import HttpSource
from tulle.sources.marathon import marathon_source
from tulle.sources.mesos import mesos_source
from tulle.sources.redis import redis_source
from tulle.sources.rest import RestSource
from tulle.sources.swarm import swarm_source
from tulle.sources.zookeeper import zookeeper_source


def sources(
    settings: Iterable[RemoteSettings | RegistrySettings], clock: Clock | None = None, folder: str = ""
) -> Iterator[Source]:
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
            case RestSettings():
                yield RestSource(folder)
            case _:
                yield _registry(each, clock, folder)


def _registry(settings: RegistrySettings, clock: Clock | None, folder: str) -> Source:
    match settings:
        case DockerSettings():
            return docker_source(settings, clock, folder)
        case SwarmSettings():
            return swarm_source(settings, clock, folder)
        case MarathonSettings():
            return marathon_source(settings, clock, folder)
        case MesosSettings():
            return mesos_source(settings, clock, folder)
        case EurekaSettings():
            return eureka_source(settings, clock, folder)
        case BoltDbSettings():
            return boltdb_source(settings, clock, folder)
