from __future__ import annotations

from typing import Any

from tests.dialects.traefik.reading import read, wrong
from tulle.model import registries
from tulle.model.client_tls import ClientTls
from tulle.model.names import Name
from tulle.model.providers import (
    ConsulSettings,
    EtcdSettings,
    FileSettings,
    HttpSettings,
    Provider,
    RedisSettings,
    RestSettings,
    SentinelSettings,
    ZooKeeperSettings,
)
from tulle.model.routers import Reference


def settings(text: str) -> dict[str, Any]:
    objects, findings = read(text)
    assert findings == []
    return {each.name.name: each.settings for each in objects if isinstance(each, Provider)}


def test_what_is_usual() -> None:
    assert settings("""
providers: {etcd: {}, consul: true, redis: {}, zooKeeper: {}, rest: {}, docker: {}, swarm: {}, marathon: {}, mesos: {},
  eureka: {}, boltdb: {}, file: {directory: conf}, http: {endpoint: "http://a"}}
""") == {
        "etcd": EtcdSettings(),
        "consul": ConsulSettings(),
        "redis": RedisSettings(),
        "zookeeper": ZooKeeperSettings(),
        "rest": RestSettings(),
        "docker": registries.DockerSettings(),
        "swarm": registries.SwarmSettings(),
        "marathon": registries.MarathonSettings(),
        "mesos": registries.MesosSettings(),
        "eureka": registries.EurekaSettings(),
        "boltdb": registries.BoltDbSettings(),
        "file": FileSettings(paths=("/etc/traefik/conf",)),
        "http": HttpSettings(endpoint="http://a"),
    }


def test_options() -> None:
    found = settings("""
providers:
  consul: {endpoints: ["c:1"], token: t, namespaces: [a], tls: {ca: ca, cert: c, key: k, insecureSkipVerify: true}}
  redis: {db: 3, sentinel: {masterName: m, username: u, password: p, randomStrategy: true}}
  marathon: {basic: {httpBasicAuthUser: u, httpBasicPassword: p}, dcosToken: t}
  docker: {endpoint: "tcp://d:1", network: n, constraints: c, exposedByDefault: false}
""")
    assert found["consul"] == ConsulSettings(
        endpoints=("c:1",),
        token="t",
        namespaces=("a",),
        tls=ClientTls(ca="ca", cert="c", key="k", insecure_skip_verify=True),
    )
    sentinel = SentinelSettings(master_name="m", username="u", password="p", uses_replicas=True)
    assert found["redis"] == RedisSettings(db=3, sentinel=sentinel)
    assert (found["marathon"].username, found["marathon"].password, found["marathon"].dcos_token) == ("u", "p", "t")
    assert found["docker"].engine.endpoint == "tcp://d:1"
    assert (found["docker"].labels.network, found["docker"].labels.exposed_by_default) == ("n", False)


def test_mistakes() -> None:
    assert wrong("providers: {dokcer: {}}") == ['1: providers: unknown field "dokcer"; did you mean "docker"?']
    _, findings = read("providers: {file: {}, http: {}}")
    assert [each.partition('"')[2] for each in findings] == [
        'file" names no file; write filename or directory',
        'http.endpoint" is missing; write a URL',
    ]


def test_configuration_from_everybody_has_a_router() -> None:
    objects, findings = read("providers: {rest: {insecure: true}}")
    assert findings == []
    provider, _, _, router = objects
    assert provider.settings == RestSettings(insecure=True)
    assert (router.name, router.rule) == (Name("@internal", "rest"), "PathPrefix(`/api/providers`)")
    assert router.service == Reference(Name("@internal", "rest"))


def test_one_that_is_wrong_takes_no_other_away() -> None:
    objects, findings = read("providers: {file: {filename: a.yml}, docker: {swarmMode: true}, rancher: {}, etcd: {}}")
    assert sorted(each.name.name for each in objects if isinstance(each, Provider)) == ["etcd", "file"]
    assert [any(word in each for each in findings) for word in ('"rancher"', '"swarmMode"')] == [True, True]
    assert read("providers: [file]")[0] == []
