"""Providers: where dynamic configuration comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import internal, static
from tulle.dialects.traefik import provider_specs as specs
from tulle.dialects.traefik.middleware_specs import ClientTlsSpec
from tulle.dialects.written import Written
from tulle.model import registries
from tulle.model.mesh import Fragment, Object
from tulle.model.names import Name
from tulle.model.providers import (
    ClientTls,
    ConsulSettings,
    EtcdSettings,
    FileSettings,
    HttpSettings,
    Provider,
    ProviderSettings,
    RedisSettings,
    RestSettings,
    SentinelSettings,
    ZooKeeperSettings,
)
from tulle.model.routers import STATIC


def read(part: Written) -> Fragment:
    """All providers that are written."""
    spec = validated(part, specs.ProvidersSpec) or _usable(part.value)
    found: list[Object] = []
    for field, make in _PROVIDERS.items():
        value = getattr(spec, field)
        if value is None:
            continue
        written = specs.ProvidersSpec.model_fields[field].alias or field
        name = written.lower()
        settings = make(part, value)
        found.append(
            Provider(name=Name(STATIC, name), origin=part.at(written), settings=settings, folder=part.document.folder)
        )
    return Fragment(objects=(*found, *_taking(part, spec.rest)), findings=tuple(part.findings))


def _usable(value: object) -> specs.ProvidersSpec:
    """Those without mistakes: one that is wrong is no reason to lose what the others say."""
    good: dict[str, object] = {}
    for key, each in value.items() if isinstance(value, Mapping) else ():
        with suppress(ValidationError):
            specs.ProvidersSpec.model_validate({key: each})
            good[key] = each
    return specs.ProvidersSpec.model_validate(good)


def _taking(part: Written, spec: specs.RestSpec | None) -> Iterator[Object]:
    """The service that takes configuration from others; and its router, if it is open to everybody."""
    if spec is not None:
        yield from internal.service(part, "rest")
        if spec.insecure:
            yield static.router(part, "rest", "/api/providers", static.ADMIN, static.GREATEST)


def _files(part: Written, spec: specs.FileProviderSpec) -> ProviderSettings:
    given = [path for path in (spec.filename, spec.directory) if path]
    if not given:
        part.error(("file",), "names no file; write filename or directory")
    return FileSettings(paths=tuple(os.path.join(part.document.folder, path) for path in given))


def _etcd(part: Written, spec: specs.EtcdSpec) -> ProviderSettings:
    usual = EtcdSettings()
    return EtcdSettings(
        endpoints=spec.endpoints or usual.endpoints,
        root_key=spec.root_key,
        username=spec.username,
        password=spec.password,
        tls=_tls(spec.tls),
    )


def _consul(part: Written, spec: specs.ConsulSpec) -> ProviderSettings:
    usual = ConsulSettings()
    return ConsulSettings(
        endpoints=spec.endpoints or usual.endpoints,
        root_key=spec.root_key,
        token=spec.token,
        namespaces=spec.namespaces,
        tls=_tls(spec.tls),
    )


def _redis(part: Written, spec: specs.RedisProviderSpec) -> ProviderSettings:
    usual = RedisSettings()
    sentinel = spec.sentinel
    return RedisSettings(
        endpoints=spec.endpoints or usual.endpoints,
        root_key=spec.root_key,
        username=spec.username,
        password=spec.password,
        db=spec.db,
        tls=_tls(spec.tls),
        sentinel=SentinelSettings(
            master_name=sentinel.master_name,
            username=sentinel.username,
            password=sentinel.password,
            uses_replicas=sentinel.latency_strategy or sentinel.random_strategy or sentinel.replica_strategy,
        )
        if sentinel is not None
        else None,
    )


def _zookeeper(part: Written, spec: specs.ZooKeeperSpec) -> ProviderSettings:
    usual = ZooKeeperSettings()
    return ZooKeeperSettings(
        endpoints=spec.endpoints or usual.endpoints,
        root_key=spec.root_key,
        username=spec.username,
        password=spec.password,
    )


def _http(part: Written, spec: specs.HttpProviderSpec) -> ProviderSettings:
    if not spec.endpoint:
        part.error(("http", "endpoint"), "is missing; write a URL")
    return HttpSettings(
        endpoint=spec.endpoint,
        poll_interval=spec.poll_interval,
        poll_timeout=spec.poll_timeout,
        headers=tuple(spec.headers.items()),
        max_response_body_size=spec.max_response_body_size,
        tls=_tls(spec.tls),
    )


def _rest(part: Written, spec: specs.RestSpec) -> ProviderSettings:
    return RestSettings(insecure=spec.insecure)


def _engine(spec: specs.EngineSpec) -> registries.EngineSettings:
    return registries.EngineSettings(
        endpoint=spec.endpoint,
        username=spec.username,
        password=spec.password,
        tls=_tls(spec.tls),
        http_client_timeout=spec.http_client_timeout,
    )


def _labels(spec: specs.EngineSpec) -> registries.LabelSettings:
    return registries.LabelSettings(
        exposed_by_default=spec.exposed_by_default,
        default_rule=spec.default_rule,
        constraints=spec.constraints,
        network=spec.network,
        use_bind_port_ip=spec.use_bind_port_ip,
        allow_empty_services=spec.allow_empty_services,
        watch=spec.watch,
    )


def _docker(part: Written, spec: specs.EngineSpec) -> ProviderSettings:
    return registries.DockerSettings(engine=_engine(spec), labels=_labels(spec))


def _swarm(part: Written, spec: specs.SwarmSpec) -> ProviderSettings:
    return registries.SwarmSettings(engine=_engine(spec), labels=_labels(spec), refresh_seconds=spec.refresh_seconds)


def _marathon(part: Written, spec: specs.MarathonSpec) -> ProviderSettings:
    return registries.MarathonSettings(
        endpoint=spec.endpoint,
        labels=registries.LabelSettings(
            exposed_by_default=spec.exposed_by_default,
            default_rule=spec.default_rule,
            constraints=spec.constraints,
            watch=spec.watch,
        ),
        dcos_token=spec.dcos_token,
        username=spec.basic.http_basic_auth_user if spec.basic is not None else "",
        password=spec.basic.http_basic_password if spec.basic is not None else "",
        tls=_tls(spec.tls),
        force_task_hostname=spec.force_task_hostname,
        respect_readiness_checks=spec.respect_readiness_checks,
        dialer_timeout=spec.dialer_timeout,
        response_header_timeout=spec.response_header_timeout,
    )


def _mesos(part: Written, spec: specs.MesosSpec) -> ProviderSettings:
    return registries.MesosSettings(
        endpoint=spec.endpoint,
        domain=spec.domain,
        exposed_by_default=spec.exposed_by_default,
        groups_as_sub_domains=spec.groups_as_sub_domains,
        refresh_seconds=spec.refresh_seconds,
        ip_sources=spec.ip_sources,
        state_timeout_second=spec.state_timeout_second,
        watch=spec.watch,
    )


def _eureka(part: Written, spec: specs.EurekaSpec) -> ProviderSettings:
    return registries.EurekaSettings(endpoint=spec.endpoint, refresh_seconds=spec.refresh_seconds, watch=spec.watch)


def _boltdb(part: Written, spec: specs.BoltDbSpec) -> ProviderSettings:
    return registries.BoltDbSettings(endpoint=spec.endpoint, prefix=spec.prefix, watch=spec.watch)


def _tls(spec: ClientTlsSpec | None) -> ClientTls | None:
    if spec is None:
        return None
    return ClientTls(ca=spec.ca, cert=spec.cert, key=spec.key, insecure_skip_verify=spec.insecure_skip_verify)


_PROVIDERS: Mapping[str, Callable[[Written, Any], ProviderSettings]] = {
    "file": _files,
    "etcd": _etcd,
    "consul": _consul,
    "redis": _redis,
    "zoo_keeper": _zookeeper,
    "http": _http,
    "rest": _rest,
    "docker": _docker,
    "swarm": _swarm,
    "marathon": _marathon,
    "mesos": _mesos,
    "eureka": _eureka,
    "boltdb": _boltdb,
}
KIND = Kind(
    name="traefik/providers",
    noun="providers",
    section=("providers",),
    shape=Shape.WHOLE,
    schema=specs.ProvidersSpec,
    read=read,
    is_global=True,
)
