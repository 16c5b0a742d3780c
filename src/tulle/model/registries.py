"""Where dynamic configuration comes from besides files and key-value stores: labels, and older systems."""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.model.client_tls import ClientTls

DEFAULT_RULE = "Host(`{{ normalize .Name }}`)"
DOCKER_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How Docker's engine is spoken to."""

    endpoint: str = DOCKER_SOCKET
    """`unix:///path`, `tcp://host:port`, `http://…` or `https://…`."""
    username: str = ""
    """For what stands before the engine and asks for a password (HTTP basic)."""
    password: str = field(default="", repr=False)
    tls: ClientTls | None = None
    http_client_timeout: float = 0.0
    """Seconds that an answer may take; 0: as long as anything may take here."""


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """What labels mean, whoever has them."""

    exposed_by_default: bool = True
    """Whether what says nothing about it is exposed (`traefik.enable`)."""
    default_rule: str = DEFAULT_RULE
    """The rule of routers without one: a template of Go."""
    constraints: str = ""
    """Which labels must be there: an expression of `Label`, `LabelRegex`, `&&`, `||`, `!`."""
    network: str = ""
    """Whose addresses are used where there are several networks."""
    use_bind_port_ip: bool = False
    """Whether ports that are published on an address of the host are used, instead of those inside."""
    allow_empty_services: bool = False
    """Whether what is ill keeps its routers, with no server behind them (503 instead of 404)."""
    watch: bool = True
    """Whether changes are followed."""


@dataclass(frozen=True, slots=True)
class DockerSettings:
    """Labels of containers."""

    engine: EngineSettings = EngineSettings()
    labels: LabelSettings = LabelSettings()


@dataclass(frozen=True, slots=True)
class SwarmSettings:
    """Labels of services of a Swarm."""

    engine: EngineSettings = EngineSettings()
    labels: LabelSettings = LabelSettings()
    refresh_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class MarathonSettings:
    """Labels of applications of Marathon, as Traefik 2 read them."""

    endpoint: str = "http://127.0.0.1:8080"
    """Several are separated by commas; the first that answers is used."""
    labels: LabelSettings = LabelSettings()
    """`network`, `use_bind_port_ip` and `allow_empty_services` mean nothing here."""
    dcos_token: str = field(default="", repr=False)
    username: str = ""
    """`basic.httpBasicAuthUser`."""
    password: str = field(default="", repr=False)
    tls: ClientTls | None = None
    force_task_hostname: bool = False
    """Whether tasks are reached at their host, even if they have addresses of their own."""
    respect_readiness_checks: bool = False
    """Whether tasks of a deployment wait until they are ready."""
    dialer_timeout: float = 5.0
    response_header_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class MesosSettings:
    """Labels of tasks of Mesos, as Traefik 1 read them."""

    endpoint: str = "http://127.0.0.1:5050"
    """Masters, separated by commas."""
    domain: str = ""
    exposed_by_default: bool = True
    groups_as_sub_domains: bool = False
    refresh_seconds: float = 30.0
    ip_sources: tuple[str, ...] = ("host",)
    """Where the address of a task is looked for: `host`, `docker`, `mesos`, `netinfo`."""
    state_timeout_second: float = 30.0
    watch: bool = True


@dataclass(frozen=True, slots=True)
class EurekaSettings:
    """Applications of Eureka, as Traefik 1 read them."""

    endpoint: str = "http://127.0.0.1:8761/eureka"
    refresh_seconds: float = 30.0
    watch: bool = True


@dataclass(frozen=True, slots=True)
class BoltDbSettings:
    """A file of BoltDB with the keys of Traefik 1."""

    endpoint: str = "/var/lib/traefik/traefik.db"
    """Its path."""
    prefix: str = "/traefik"
    bucket: str = "traefik"
    watch: bool = True
    refresh_seconds: float = 2.0


RegistrySettings = DockerSettings | SwarmSettings | MarathonSettings | MesosSettings | EurekaSettings | BoltDbSettings
