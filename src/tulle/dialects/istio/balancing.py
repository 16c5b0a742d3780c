"""How endpoints are chosen: Istio's `LoadBalancerSettings`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.istio.values import PositiveSeconds, Seconds, Unsigned
from tulle.dialects.objects import Differs, Items, ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.policies import Balance, HashOn, LoadBalancing, LocalityBalancing

_SIMPLE = {
    "ROUND_ROBIN": Balance.ROUND_ROBIN,
    "RANDOM": Balance.RANDOM,
    "PASSTHROUGH": Balance.PASSTHROUGH,
}
"""Everything else is `LEAST_REQUEST`."""
_KEYS = ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName")
_SLOW_START = (Balance.ROUND_ROBIN, Balance.LEAST_REQUEST)
SMALLEST_RING = 1024


class CookieAttribute(ObjectSpec):
    """An attribute of a cookie."""

    name: str = Field(min_length=1, description="Its name: SameSite.")
    value: str = Field("", description="Its value; none if not given.")


class HttpCookie(ObjectSpec):
    """A cookie that decides about the endpoint."""

    name: str = Field(min_length=1, description="Its name.")
    path: str = Field("", description="For which paths it is set; / if not given.")
    ttl: Seconds | None = Field(
        None, description="How long it lives; with one, it is set where a request has none. 0: until browsers close."
    )
    attributes: Items[CookieAttribute] = Field((), description="Its attributes, where it is set.")


class RingHash(ObjectSpec):
    """Ketama hashing."""

    minimum_ring_size: Annotated[int, Field(ge=1, le=8 * 1024 * 1024)] | None = Field(
        None, description="Places on the ring, at least; 1024 if not given."
    )


class Maglev(ObjectSpec):
    """Maglev hashing."""

    table_size: Annotated[int, Field(ge=2, le=5_000_011)] | None = Field(
        None, description="Places in the table, a prime number; 65537 if not given."
    )


class ConsistentHash(ObjectSpec):
    """Requests with the same value go to the same endpoint; one of the first four."""

    http_header_name: str | None = Field(None, description="The value of a header.")
    http_cookie: HttpCookie | None = Field(None, description="The value of a cookie.")
    use_source_ip: bool | None = Field(None, description="The address of the caller.")
    http_query_parameter_name: str | None = Field(None, description="The value of a query parameter.")
    ring_hash: RingHash | None = Field(None, description="By ketama; the default.")
    maglev: Maglev | None = Field(None, description="By Maglev.")
    minimum_ring_size: Annotated[int, Field(ge=0, le=8 * 1024 * 1024)] | None = Field(
        None, description="Deprecated: write ringHash."
    )


class Distribute(ObjectSpec):
    """Shares of localities, for the callers of one."""

    from_: str = Field(alias="from", description="Where callers are: region/zone/*.")
    to: dict[str, Annotated[int, Field(ge=0, le=100)]] = Field(description="Localities and their percentages.")


class Failover(ObjectSpec):
    """Which region helps out."""

    from_: str = Field("", alias="from", description="The region without healthy endpoints.")
    to: str = Field("", description="The region that is used instead.")


class LocalityLb(ObjectSpec):
    """Preference for near endpoints; one of the first three."""

    distribute: Items[Distribute] = Field((), description="Fixed shares.")
    failover: Items[Failover] = Field((), description="Which region helps out for which.")
    failover_priority: Items[str] = Field(
        (), description="Labels, `key` or `key=value`, in whose order endpoints are preferred that share them."
    )
    enabled: bool | None = Field(None, description="false: near and far are the same.")


class ZoneAwareLb(ObjectSpec):
    """Preference for the zone of the caller, by the number of callers there."""

    enabled: bool | None = Field(None, description="Whether it is on.")
    failover: Items[Failover] = Field((), description="Which region helps out for which.")
    failover_priority: Items[str] = Field((), description="Labels in whose order endpoints are preferred.")
    min_cluster_size: Unsigned | None = Field(None, description="Fewer endpoints are not divided by zones.")


class Warmup(ObjectSpec):
    """New endpoints get their share little by little."""

    duration: PositiveSeconds = Field(description="Until they have all of it.")
    minimum_percent: Annotated[float, Field(ge=0, le=100)] = Field(10.0, description="What they begin with.")
    aggression: Annotated[float, Field(ge=1)] = Field(1.0, description="How fast it grows; 1 is linear.")


class LoadBalancer(ObjectSpec):
    """How endpoints are chosen."""

    simple: Annotated[
        Literal["UNSPECIFIED", "LEAST_CONN", "LEAST_REQUEST", "RANDOM", "ROUND_ROBIN", "PASSTHROUGH"] | None,
        Differs("PASSTHROUGH chooses at random where endpoints are known"),
    ] = Field(None, description="LEAST_REQUEST if not given; LEAST_CONN is its old name.")
    consistent_hash: ConsistentHash | None = Field(
        None, description="Requests that have something in common go to the same endpoint."
    )
    locality_lb_setting: LocalityLb | None = Field(None, description="Preference for near endpoints.")
    warmup: Warmup | None = Field(None, description="New endpoints get their share little by little.")
    warmup_duration_secs: PositiveSeconds | None = Field(None, description="Deprecated: write warmup.")
    zone_aware_lb_setting: Annotated[
        ZoneAwareLb | None,
        Refused("has no effect: write localityLbSetting, which prefers near endpoints by their health"),
    ] = Field(None, description="Preference for the zone of the caller.")


def check(part: Written, path: tuple[Step, ...], spec: LoadBalancer, *, fails_over: bool) -> None:
    """Note what the schema cannot see; `fails_over` says whether failures of endpoints are noticed."""
    if spec.simple is not None and spec.consistent_hash is not None:
        part.error((*path, "simple"), "cannot stand beside consistentHash; write one of them")
    if spec.consistent_hash is not None:
        _check_hash(part, (*path, "consistentHash"), spec.consistent_hash)
    if spec.warmup is not None and spec.warmup_duration_secs is not None:
        part.error((*path, "warmupDurationSecs"), "cannot stand beside warmup; write only warmup")
    name = "warmup" if spec.warmup is not None else "warmupDurationSecs"
    if _warmup(spec) is not None and model(spec, fails_over=fails_over).balance not in _SLOW_START:
        part.warning((*path, name), "has no effect: only ROUND_ROBIN and LEAST_REQUEST know new endpoints")
    if spec.locality_lb_setting is not None:
        _check_locality(part, (*path, "localityLbSetting"), spec.locality_lb_setting, fails_over=fails_over)


def _check_hash(part: Written, path: tuple[Step, ...], spec: ConsistentHash) -> None:
    keys = (spec.http_header_name, spec.http_cookie, spec.use_source_ip, spec.http_query_parameter_name)
    if sum(bool(key) for key in keys) != 1:
        part.error(path, f"takes exactly one of {', '.join(_KEYS)}")
    if spec.ring_hash is not None and spec.maglev is not None:
        part.error((*path, "maglev"), "cannot stand beside ringHash; write one of them")
    size = spec.maglev.table_size if spec.maglev is not None else None
    if size is not None and not all(size % each for each in range(2, int(size**0.5) + 1)):
        part.error((*path, "maglev", "tableSize"), f"must be a prime number, not {size}")


def _check_locality(part: Written, path: tuple[Step, ...], spec: LocalityLb, *, fails_over: bool) -> None:
    if spec.distribute and (spec.failover or spec.failover_priority):
        part.error((*path, "distribute"), "cannot stand beside failover; write one of them")
    if spec.failover and spec.failover_priority:
        part.warning((*path, "failover"), "has no effect beside failoverPriority")
    for index, each in enumerate(spec.distribute):
        if sum(each.to.values()) != 100:
            part.error((*path, "distribute", index, "to"), f"sums up to {sum(each.to.values())}; make it 100")
    for index, helper in enumerate(spec.failover):
        if helper.from_ == helper.to:
            part.error((*path, "failover", index), "has the same region on both sides")
    for field, given in (("failover", spec.failover), ("failoverPriority", spec.failover_priority)):
        if given and not fails_over:
            part.warning((*path, field), "has no effect without outlierDetection, which finds out who fails")


def model(spec: LoadBalancer | None, *, fails_over: bool) -> LoadBalancing:
    """As the model has it. Where failures of endpoints are noticed, near ones are preferred even if nobody says so."""
    if spec is None:
        return LoadBalancing(locality=LocalityBalancing() if fails_over else None)
    hashed = spec.consistent_hash
    warmup = _warmup(spec)
    maglev = hashed.maglev if hashed is not None else None
    return LoadBalancing(
        balance=_balance(spec),
        hash_on=_hash_on(hashed) if hashed is not None else None,
        slow_start=warmup.duration if warmup is not None else 0.0,
        slow_start_aggression=warmup.aggression if warmup is not None else 1.0,
        slow_start_minimum_percent=warmup.minimum_percent if warmup is not None else 10.0,
        minimum_ring_size=_ring_size(hashed) if hashed is not None and maglev is None else None,
        table_size=maglev.table_size if maglev is not None else None,
        locality=_locality(spec.locality_lb_setting, fails_over=fails_over),
    )


def _balance(spec: LoadBalancer) -> Balance:
    if spec.consistent_hash is not None:
        return Balance.MAGLEV if spec.consistent_hash.maglev is not None else Balance.RING_HASH
    return _SIMPLE.get(spec.simple or "", Balance.LEAST_REQUEST)


def _ring_size(spec: ConsistentHash) -> int:
    given = spec.ring_hash.minimum_ring_size if spec.ring_hash is not None else None
    return given or spec.minimum_ring_size or SMALLEST_RING


def _hash_on(spec: ConsistentHash) -> HashOn:
    cookie = spec.http_cookie
    return HashOn(
        header=(spec.http_header_name or "").lower(),
        cookie=cookie.name if cookie is not None else "",
        cookie_ttl=cookie.ttl if cookie is not None else None,
        cookie_path=(cookie.path if cookie is not None else "") or "/",
        cookie_attributes=tuple((each.name, each.value) for each in cookie.attributes) if cookie is not None else (),
        query=spec.http_query_parameter_name or "",
        source_ip=bool(spec.use_source_ip),
    )


def _warmup(spec: LoadBalancer) -> Warmup | None:
    if spec.warmup is None and spec.warmup_duration_secs is not None:
        return Warmup.model_construct(duration=spec.warmup_duration_secs)
    return spec.warmup


def _locality(spec: LocalityLb | None, *, fails_over: bool) -> LocalityBalancing | None:
    if spec is not None and spec.enabled is False:
        return None
    if spec is not None and spec.distribute:
        return LocalityBalancing(distribute=tuple((each.from_, tuple(each.to.items())) for each in spec.distribute))
    if not fails_over:
        return None
    if spec is None or spec.failover_priority:
        return LocalityBalancing(failover_priority=spec.failover_priority if spec is not None else ())
    return LocalityBalancing(failover=tuple((each.from_, each.to) for each in spec.failover))
