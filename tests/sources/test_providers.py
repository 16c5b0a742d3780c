from __future__ import annotations

from tulle.model.providers import (
    ConsulSettings,
    EtcdSettings,
    HttpSettings,
    RedisSettings,
    RestSettings,
    ZooKeeperSettings,
)
from tulle.model.registries import (
    BoltDbSettings,
    DockerSettings,
    EurekaSettings,
    MarathonSettings,
    MesosSettings,
    SwarmSettings,
)
from tulle.sources.providers import sources


def test_every_provider_has_its_source() -> None:
    settings = (
        EtcdSettings(),
        ConsulSettings(namespaces=("a", "b")),
        RedisSettings(),
        ZooKeeperSettings(),
        HttpSettings("http://a"),
        RestSettings(),
    )
    assert [each.name for each in sources(settings)] == [
        *("etcd", "consul-a", "consul-b", "redis", "zookeeper", "http", "rest")
    ]


def test_every_registry_has_its_source() -> None:
    settings = (
        DockerSettings(),
        SwarmSettings(),
        MarathonSettings(),
        MesosSettings(),
        EurekaSettings(),
        BoltDbSettings(),
    )
    assert [each.name for each in sources(settings)] == ["docker", "swarm", "marathon", "mesos", "eureka", "boltdb"]
