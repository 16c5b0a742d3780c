"""Where dynamic configuration comes from: files, key-value stores, a web server, a REST interface."""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.model.client_tls import ClientTls as ClientTls
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.registries import RegistrySettings

ROOT_KEY = "traefik"


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Files and folders."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EtcdSettings:
    """etcd, version 3 of its API."""

    endpoints: tuple[str, ...] = ("127.0.0.1:2379",)
    """`host:port`, or an address with a scheme; tried one after the other."""
    root_key: str = ROOT_KEY
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class ConsulSettings:
    """The key-value store of Consul."""

    endpoints: tuple[str, ...] = ("127.0.0.1:8500",)
    root_key: str = ROOT_KEY
    token: str = field(default="", repr=False)
    namespaces: tuple[str, ...] = ()
    """Of Consul Enterprise; each is a provider of its own, `consul-<namespace>`."""
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class SentinelSettings:
    """Redis servers that are found by asking Sentinels: the endpoints are theirs."""

    master_name: str
    username: str = ""
    """For the Sentinels; those of the servers are in `RedisSettings`."""
    password: str = field(default="", repr=False)
    uses_replicas: bool = False
    """Whether a replica is read instead of the master (`replicaStrategy`, `latencyStrategy`, `randomStrategy`)."""


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """Redis, or what speaks its protocol."""

    endpoints: tuple[str, ...] = ("127.0.0.1:6379",)
    root_key: str = ROOT_KEY
    username: str = ""
    password: str = field(default="", repr=False)
    db: int = 0
    tls: ClientTls | None = None
    sentinel: SentinelSettings | None = None


@dataclass(frozen=True, slots=True)
class ZooKeeperSettings:
    """ZooKeeper."""

    endpoints: tuple[str, ...] = ("127.0.0.1:2181",)
    """Servers of one ensemble."""
    root_key: str = ROOT_KEY
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """A web server that is asked again and again."""

    endpoint: str
    poll_interval: float = 5.0
    poll_timeout: float = 5.0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Of the question."""
    max_response_body_size: int = -1
    """Bytes; -1: as much as anything may have here."""
    tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class RestSettings:
    """Configuration that is put here by others."""

    insecure: bool = False
    """Whether the entry point `traefik` takes it."""


RemoteSettings = EtcdSettings | ConsulSettings | RedisSettings | ZooKeeperSettings | HttpSettings | RestSettings
ProviderSettings = FileSettings | RemoteSettings | RegistrySettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Provider:
    """A provider that is wanted."""

    name: Name
    origin: Origin
    settings: ProviderSettings
    folder: str = ""
    """From which relative paths in it start."""
