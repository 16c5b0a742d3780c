"""Providers of dynamic configuration as they are written: by the names of Traefik 3.7, for older ones of 2 and 1."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.middleware_specs import ClientTlsSpec
from tulle.dialects.traefik.observing_specs import AnythingSpec
from tulle.dialects.traefik.values import Flag, Present, Seconds, Text, TextMap, Texts, TraefikSpec, Whole
from tulle.model.registries import DEFAULT_RULE, DOCKER_SOCKET


class FileProviderSpec(TraefikSpec):
    """Files."""

    filename: Text = Field("", description="One file.")
    directory: Text = Field("", description="Or all files of a folder.")
    watch: Annotated[Flag, Refused("has no effect: files are always watched", unless=(True,))] = Field(
        True, description="Always so."
    )
    debug_log_generated_template: Annotated[
        Flag, Refused("has no effect: what templates give is not logged", unless=(False,))
    ] = Field(False, description="Whether what templates give is logged.")


class KeyValueSpec(TraefikSpec):
    """A key-value store."""

    root_key: Text = Field("traefik", description="Below which keys are read.")
    endpoints: Texts = Field((), description="host:port.")


class ZooKeeperSpec(KeyValueSpec):
    """ZooKeeper."""

    username: Text = Field("", description="User.")
    password: Text = Field("", description="Password.")


class EtcdSpec(KeyValueSpec):
    """etcd."""

    username: Text = Field("", description="User.")
    password: Text = Field("", description="Password.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")


class ConsulSpec(KeyValueSpec):
    """The key-value store of Consul."""

    token: Text = Field("", description="Token.")
    namespaces: Texts = Field((), description="Of Consul Enterprise.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")


class SentinelSpec(TraefikSpec):
    """Redis that is found by Sentinels."""

    master_name: Text = Field("", description="Name of the master.")
    username: Text = Field("", description="User of the Sentinels.")
    password: Text = Field("", description="Password of the Sentinels.")
    latency_strategy: Flag = Field(False, description="A replica is read.")
    random_strategy: Flag = Field(False, description="A replica is read.")
    replica_strategy: Flag = Field(False, description="A replica is read.")
    use_disconnected_replicas: Annotated[
        Flag, Refused("has no effect: only replicas with a master are read", unless=(False,))
    ] = Field(False, description="Even one that lost its master.")


class RedisProviderSpec(EtcdSpec):
    """Redis."""

    db: Whole = Field(0, description="Number of the database.")
    sentinel: Annotated[SentinelSpec | None, Present] = Field(None, description="Servers are found by Sentinels.")


class HttpProviderSpec(TraefikSpec):
    """A web server that is asked again and again."""

    endpoint: Text = Field("", description="Its URL.")
    poll_interval: Seconds = Field(5.0, description="How often.")
    poll_timeout: Seconds = Field(5.0, description="How long an answer may take.")
    headers: TextMap = Field(default_factory=dict, description="Headers of the question.")
    max_response_body_size: Whole = Field(-1, description="Bytes of an answer; -1: any.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")


class RestSpec(TraefikSpec):
    """Configuration that others put here."""

    insecure: Flag = Field(False, description="At the entry point `traefik`, for everybody.")


class LabelsSpec(TraefikSpec):
    """What labels mean."""

    exposed_by_default: Flag = Field(True, description="Whether what says nothing about it is exposed.")
    default_rule: Text = Field(DEFAULT_RULE, description="The rule of routers without one.")
    constraints: Text = Field("", description="Which labels must be there.")


class EngineSpec(LabelsSpec):
    """An engine of Docker."""

    endpoint: Text = Field(DOCKER_SOCKET, description="Its socket.")
    username: Text = Field("", description="User.")
    password: Text = Field("", description="Password.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")
    http_client_timeout: Seconds = Field(0.0, alias="httpClientTimeout", description="How long an answer may take.")
    network: Text = Field("", description="Whose addresses are used.")
    use_bind_port_ip: Flag = Field(False, alias="useBindPortIP", description="Whether published ports are used.")
    allow_empty_services: Flag = Field(False, description="Whether what is ill keeps its routers.")
    watch: Flag = Field(True, description="Whether changes are followed.")


class SwarmSpec(EngineSpec):
    """A Swarm of Docker."""

    refresh_seconds: Seconds = Field(15.0, description="How often it is asked.")


class BasicSpec(TraefikSpec):
    """A user and a password."""

    http_basic_auth_user: Text = Field("", description="User.")
    http_basic_password: Text = Field("", description="Password.")


class MarathonSpec(LabelsSpec):
    """Marathon, as Traefik 2 read it."""

    endpoint: Text = Field("http://127.0.0.1:8080", description="Its URL.")
    dcos_token: Text = Field("", alias="dcosToken", description="Token of DC/OS.")
    basic: BasicSpec | None = Field(None, description="A user and a password.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")
    force_task_hostname: Flag = Field(False, description="Whether tasks are reached at their host.")
    respect_readiness_checks: Flag = Field(False, description="Whether tasks wait until they are ready.")
    dialer_timeout: Seconds = Field(5.0, description="For a connection.")
    response_header_timeout: Seconds = Field(60.0, description="Until an answer begins.")
    tls_handshake_timeout: Annotated[Seconds, Refused("has no effect: dialerTimeout counts", unless=(5.0,))] = Field(
        5.0, description="For TLS."
    )
    keep_alive: Annotated[
        Seconds, Refused("has no effect: connections are kept as they are needed", unless=(10.0,))
    ] = Field(10.0, description="Between signs of life.")
    trace: Annotated[Flag, Refused("has no effect: there is no such log", unless=(False,))] = Field(
        False, description="More in the log."
    )
    watch: Flag = Field(True, description="Whether changes are followed.")


class MesosSpec(TraefikSpec):
    """Mesos, as Traefik 1 read it."""

    endpoint: Text = Field("http://127.0.0.1:5050", description="Masters, separated by commas.")
    domain: Text = Field("", description="Below which hosts are made.")
    exposed_by_default: Flag = Field(True, description="Whether what says nothing about it is exposed.")
    groups_as_sub_domains: Flag = Field(False, description="Whether groups become parts of hosts.")
    refresh_seconds: Seconds = Field(30.0, description="How often it is asked.")
    ip_sources: Texts = Field(("host",), alias="IPSources", description="Where addresses are looked for.")
    state_timeout_second: Seconds = Field(30.0, description="How long an answer may take.")
    zk_detection_timeout: Annotated[
        Seconds, Refused("has no effect: masters are named, not looked for in ZooKeeper", unless=(30.0,))
    ] = Field(30.0, description="Not needed.")
    watch: Flag = Field(True, description="Whether changes are followed.")


class EurekaSpec(TraefikSpec):
    """Eureka, as Traefik 1 read it."""

    endpoint: Text = Field("http://127.0.0.1:8761/eureka", description="Its URL.")
    refresh_seconds: Seconds = Field(30.0, description="How often it is asked.")
    watch: Flag = Field(True, description="Whether changes are followed.")


class BoltDbSpec(TraefikSpec):
    """A file of BoltDB with the keys of Traefik 1."""

    endpoint: Text = Field("/var/lib/traefik/traefik.db", description="Its path.")
    prefix: Text = Field("/traefik", description="Below which keys are read.")
    watch: Flag = Field(True, description="Whether changes are followed.")


def _elsewhere(remedy: str) -> Refused:
    return Refused(f"has no effect: {remedy}")


KUBERNETES = _elsewhere("no cluster is asked; give its objects as files: tulle up FOLDER")


class ProvidersSpec(TraefikSpec):
    """Where dynamic configuration comes from."""

    providers_throttle_duration: Annotated[Seconds, Refused("has no effect: changes count at once", unless=(2.0,))] = (
        Field(2.0, description="Not needed: changes count at once.")
    )
    precedence: Texts = Field(
        (),
        description="Whose routers come first, of equal priority; by swarm, docker, file, redis, consul, and others.",
    )
    file: Annotated[FileProviderSpec | None, Present] = Field(None, description="Files.")
    etcd: Annotated[EtcdSpec | None, Present] = Field(None, description="etcd.")
    consul: Annotated[ConsulSpec | None, Present] = Field(None, description="Consul.")
    redis: Annotated[RedisProviderSpec | None, Present] = Field(None, description="Redis.")
    zoo_keeper: Annotated[ZooKeeperSpec | None, Present] = Field(None, description="ZooKeeper.")
    http: Annotated[HttpProviderSpec | None, Present] = Field(None, description="A web server.")
    rest: Annotated[RestSpec | None, Present] = Field(None, description="Configuration that others put here.")
    docker: Annotated[EngineSpec | None, Present] = Field(None, description="Docker.")
    swarm: Annotated[SwarmSpec | None, Present] = Field(None, description="A Swarm of Docker.")
    marathon: Annotated[MarathonSpec | None, Present] = Field(None, description="Marathon.")
    mesos: Annotated[MesosSpec | None, Present] = Field(None, description="Mesos.")
    eureka: Annotated[EurekaSpec | None, Present] = Field(None, description="Eureka.")
    boltdb: Annotated[BoltDbSpec | None, Present] = Field(None, description="BoltDB.")
    consul_catalog: Annotated[
        AnythingSpec | None,
        Present,
        _elsewhere("its services are not asked for; its key-value store is (`consul`)"),
    ] = Field(None, description="Services of Consul.")
    nomad: Annotated[
        AnythingSpec | None, Present, _elsewhere("Nomad is not asked; let its template stanza write a file (`file`)")
    ] = Field(None, description="Nomad.")
    ecs: Annotated[
        AnythingSpec | None,
        Present,
        _elsewhere("it is not asked; let a program put its services here (`rest`)"),
    ] = Field(None, description="Amazon ECS.")
    knative: Annotated[AnythingSpec | None, Present, KUBERNETES] = Field(None, description="Knative.")
    kubernetes_crd: Annotated[AnythingSpec | None, Present, KUBERNETES] = Field(
        None, alias="kubernetesCRD", description="Traefik's own kinds of Kubernetes."
    )
    kubernetes_gateway: Annotated[AnythingSpec | None, Present, KUBERNETES] = Field(None, description="Gateway API.")
    kubernetes_ingress: Annotated[AnythingSpec | None, Present, KUBERNETES] = Field(None, description="Ingress.")
    kubernetes_ingress_nginx: Annotated[AnythingSpec | None, Present, KUBERNETES] = Field(
        None, alias="kubernetesIngressNGINX", description="Ingress, with the annotations of nginx."
    )
    plugin: Annotated[
        AnythingSpec | None,
        Present,
        _elsewhere("plugins in Go do not run here; let a program put its routes here (`rest`)"),
    ] = Field(None, description="Providers in Go.")
