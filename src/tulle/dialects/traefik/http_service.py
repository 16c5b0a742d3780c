"""Services for HTTP: servers, and services made of other services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import health
from tulle.dialects.traefik.references import reference, references
from tulle.dialects.traefik.servers import servers
from tulle.dialects.traefik.services import (
    CookieSpec,
    FailoverSpec,
    HighestRandomWeightSpec,
    LoadBalancerSpec,
    MirroringSpec,
    PartSpec,
    ServiceSpec,
    StickySpec,
    WeightedSpec,
)
from tulle.dialects.traefik.statuses import statuses
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.policies import Balance, HashOn, HealthCheck, LoadBalancing, OutlierDetection, Policy
from tulle.model.routers import Blend, Failover, Mirroring, Pool, Reference, ServiceTree, Share, Sharing, Sticky
from tulle.model.services import Service

WINDOW = 10.0
MOST = (1 << 32) - 1
STRATEGIES = {
    "": LoadBalancing(balance=Balance.ROUND_ROBIN, stays_while_any_is_well=True),
    "wrr": LoadBalancing(balance=Balance.ROUND_ROBIN, stays_while_any_is_well=True),
    "p2c": LoadBalancing(balance=Balance.LEAST_REQUEST, stays_while_any_is_well=True),
    "leasttime": LoadBalancing(balance=Balance.LEAST_REQUEST, stays_while_any_is_well=True),
    "hrw": LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(source_ip=True), stays_while_any_is_well=True),
}


def read(part: Written) -> Fragment:
    """The service, if it is exactly one of the kinds of services."""
    spec = validated(part, ServiceSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    given = {name: value for name in _KINDS if (value := getattr(spec, name)) is not None}
    found: ServiceTree | None = None
    if len(given) == 1:
        ((name, value),) = given.items()
        found = _KINDS[name](part, value, references(part, spec.middlewares, "middlewares"))
    else:
        words = ", ".join(ServiceSpec.model_fields[name].alias or name for name in _KINDS)
        part.error((), f"must be exactly one of {words}, not {len(given) or 'none'} of them")
    objects = (found,) if found is not None and not part.has_errors else ()
    return Fragment(objects=objects, findings=tuple(part.findings))


def _pool(part: Written, spec: LoadBalancerSpec, steps: tuple[Reference, ...]) -> Pool | None:
    found = servers(part, spec.servers)
    if found is None:
        return None
    name = part.document.key.name
    service = Service(
        name=name,
        origin=part.origin,
        ports=(found.port,),
        account="",
        addresses=found.endpoints,
        resolution=found.resolution,
        is_outside=True,
        runs_here=False,
        policy=Policy(
            load_balancing=STRATEGIES[spec.strategy],
            connect_timeout=30.0,
            health_check=_health(part, spec, "https" if found.is_encrypted else "http"),
            outlier_detection=_passive(part, spec),
        ),
    )
    transport = spec.servers_transport
    return Pool(
        name=name,
        origin=part.origin,
        service=service,
        transport=reference(part, transport, "loadBalancer", "serversTransport") if transport else None,
        steps=steps,
        sticky=_sticky(spec.sticky),
        passes_host=spec.pass_host_header,
        is_encrypted=found.is_encrypted,
        prefix=found.prefix,
        is_checked=spec.health_check is not None,
        authorities=found.authorities,
        urls=found.urls,
    )


def _health(part: Written, spec: LoadBalancerSpec, scheme: str) -> HealthCheck | None:
    check = spec.health_check
    if check is None:
        return None
    field = ("loadBalancer", "healthCheck")
    return HealthCheck(
        path=check.path or "/",
        interval=health.period(part, check.interval, health.INTERVAL, *field, "interval"),
        timeout=health.period(part, check.timeout, health.TIMEOUT, *field, "timeout"),
        unhealthy_after=1,
        healthy_after=1,
        unhealthy_interval=health.period(part, check.unhealthy_interval, health.INTERVAL, *field, "unhealthyInterval")
        if check.unhealthy_interval is not None
        else None,
        method=health.method(part, check.method, *field, "method"),
        statuses=health.good(part, check.status, *field, "status"),
        port=check.port,
        host=check.hostname,
        headers=tuple(check.headers.items()),
        is_grpc=check.mode == "grpc",
        scheme=check.scheme if check.scheme != scheme else "",
    )


def _passive(part: Written, spec: LoadBalancerSpec) -> OutlierDetection | None:
    check = spec.passive_health_check
    if check is None:
        return None
    window = health.period(part, check.failure_window, WINDOW, "loadBalancer", "passiveHealthCheck", "failureWindow")
    return OutlierDetection(
        consecutive_5xx=min(check.max_failed_attempts, MOST),
        interval=min(window, 1.0),
        ejection_time=window,
        max_ejection_percent=100,
    )


def _sticky(spec: StickySpec | None) -> Sticky | None:
    if spec is None:
        return None
    cookie = spec.cookie or CookieSpec.model_validate({})
    return Sticky(
        name=cookie.name,
        path=cookie.path,
        domain=cookie.domain,
        max_age=cookie.max_age,
        same_site=cookie.same_site.lower(),
        is_secure=cookie.secure,
        is_http_only=cookie.http_only,
    )


def _needs(part: Written, kind: str, **given: str) -> bool:
    """Whether services are named; what is missing is noted."""
    missing = [field for field, value in given.items() if not value]
    for field in missing:
        part.error((kind, field), "is missing; name a service")
    return not missing


def _shares(part: Written, specs: Sequence[PartSpec], kind: str) -> tuple[Share, ...]:
    return tuple(
        Share(
            to=reference(part, each.name, kind, "services", index, "name"),
            weight=1 if each.weight is None else each.weight,
        )
        for index, each in enumerate(specs)
    )


def _weighted(part: Written, spec: WeightedSpec, steps: tuple[Reference, ...]) -> Blend:
    return Blend(
        name=part.document.key.name,
        origin=part.origin,
        shares=_shares(part, spec.services, "weighted"),
        sticky=_sticky(spec.sticky),
        steps=steps,
        is_checked=spec.health_check is not None,
    )


def _by_client(part: Written, spec: HighestRandomWeightSpec, steps: tuple[Reference, ...]) -> Blend:
    return Blend(
        name=part.document.key.name,
        origin=part.origin,
        shares=_shares(part, spec.services, "highestRandomWeight"),
        sharing=Sharing.CLIENTS,
        steps=steps,
        is_checked=spec.health_check is not None,
    )


def _mirroring(part: Written, spec: MirroringSpec, steps: tuple[Reference, ...]) -> Mirroring | None:
    for index, each in enumerate(spec.mirrors):
        if each.percent > 100:
            part.error(("mirroring", "mirrors", index, "percent"), f"must be at most 100, not {shown(each.percent)}")
            return None
    if not _needs(part, "mirroring", service=spec.service):
        return None
    return Mirroring(
        name=part.document.key.name,
        origin=part.origin,
        service=reference(part, spec.service, "mirroring", "service"),
        mirrors=tuple(
            (reference(part, each.name, "mirroring", "mirrors", index, "name"), float(each.percent))
            for index, each in enumerate(spec.mirrors)
        ),
        copies_body=spec.mirror_body,
        largest_body=spec.max_body_size,
        steps=steps,
        is_checked=spec.health_check is not None,
    )


def _failover(part: Written, spec: FailoverSpec, steps: tuple[Reference, ...]) -> Failover | None:
    ranges: tuple[tuple[int, int], ...] | None = ()
    if spec.errors is not None:
        ranges = statuses(part, spec.errors.status, ("failover", "errors", "status"))
    if ranges is None or not _needs(part, "failover", service=spec.service, fallback=spec.fallback):
        return None
    return Failover(
        name=part.document.key.name,
        origin=part.origin,
        service=reference(part, spec.service, "failover", "service"),
        fallback=reference(part, spec.fallback, "failover", "fallback"),
        statuses=ranges,
        largest_body=spec.errors.max_request_body_bytes if spec.errors is not None else -1,
        steps=steps,
        is_checked=spec.health_check is not None,
    )


_KINDS: Mapping[str, Callable[[Written, Any, tuple[Reference, ...]], ServiceTree | None]] = {
    "load_balancer": _pool,
    "weighted": _weighted,
    "highest_random_weight": _by_client,
    "mirroring": _mirroring,
    "failover": _failover,
}
KIND = Kind(
    name="traefik/http-service",
    noun="service",
    section=("http", "services"),
    shape=Shape.NAMED,
    schema=ServiceSpec,
    read=read,
)
