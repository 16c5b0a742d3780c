"""Connections to a service, and who fails: Istio's `ConnectionPoolSettings`, `OutlierDetection`, `RetryBudget`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.istio.values import Percent, PositiveSeconds, Seconds, Unsigned
from tulle.dialects.objects import Items, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.policies import CircuitBreaker, ConnectionPool, Keepalive, OutlierDetection, RetryBudget

CONNECT_TIMEOUT = 10.0
"""Istio's, in seconds."""
TCP_IDLE_TIMEOUT = 3600.0
"""Istio's, in seconds."""
Limit = Annotated[int, Field(ge=0, lt=2**31)]
_UPGRADES = {"UPGRADE": True, "DO_NOT_UPGRADE": False}


class TcpKeepalive(ObjectSpec):
    """Signs of life on idle connections; what is not given is as the system has it."""

    probes: Unsigned | None = Field(None, description="How many without an answer until a connection is dead.")
    time: PositiveSeconds | None = Field(None, description="Silence before the first.")
    interval: PositiveSeconds | None = Field(None, description="Time between them.")


class TcpPool(ObjectSpec):
    """Connections of any protocol."""

    max_connections: Limit | None = Field(None, description="Connections at the same time; no limit if not given.")
    connect_timeout: PositiveSeconds | None = Field(None, description="For making a connection; 10 s.")
    tcp_keepalive: TcpKeepalive | None = Field(None, description="Signs of life on idle connections.")
    max_connection_duration: PositiveSeconds | None = Field(None, description="How long a connection may live.")
    idle_timeout: Seconds | None = Field(
        None, description="After which an idle TCP connection is closed; 1 h; 0: never."
    )


class Http2Keepalive(ObjectSpec):
    """Pings on HTTP/2 connections."""

    interval: PositiveSeconds | None = Field(None, description="Time between them.")
    timeout: PositiveSeconds | None = Field(None, description="How long an answer may take.")


class HttpPool(ObjectSpec):
    """Requests on connections."""

    http1_max_pending_requests: Limit | None = Field(
        None, alias="http1MaxPendingRequests", description="Requests that wait for a connection; no limit if not given."
    )
    http2_max_requests: Limit | None = Field(
        None, alias="http2MaxRequests", description="Requests at the same time; no limit if not given."
    )
    max_requests_per_connection: Limit | None = Field(
        None, description="After which a connection is closed; 0 for no limit."
    )
    max_retries: Limit | None = Field(None, description="Retries at the same time; no limit if not given.")
    idle_timeout: PositiveSeconds | None = Field(
        None, description="After which a connection without requests is closed; 1 h."
    )
    h2_upgrade_policy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] = Field(
        "DEFAULT", alias="h2UpgradePolicy", description="Whether HTTP/2 is spoken to ports that say HTTP."
    )
    use_client_protocol: bool = Field(False, description="Whether the protocol of the caller is kept.")
    max_concurrent_streams: Limit | None = Field(
        None, description="Requests at the same time on one HTTP/2 connection."
    )
    http2_keep_alive: Http2Keepalive | None = Field(
        None, alias="http2KeepAlive", description="Pings on HTTP/2 connections."
    )


class ConnectionPoolSpec(ObjectSpec):
    """How many connections there may be, and how they are kept."""

    tcp: TcpPool | None = Field(None, description="Connections of any protocol.")
    http: HttpPool | None = Field(None, description="Requests on connections.")


NO_TCP = TcpPool.model_validate({})
NO_HTTP = HttpPool.model_validate({})


class RetryBudgetSpec(ObjectSpec):
    """How many retries there may be at the same time."""

    percent: Percent = Field(20.0, description="Of the requests at the same time.")
    min_retry_concurrency: Limit = Field(3, description="So many in any case.")


class Outliers(ObjectSpec):
    """An endpoint that fails is left out for a while."""

    consecutive_errors: Limit | None = Field(
        None, description="Deprecated: as consecutiveGatewayErrors, in the place of consecutive5xxErrors."
    )
    split_external_local_origin_errors: bool = Field(
        False, description="Whether failures to connect are counted apart from answers."
    )
    consecutive_local_origin_failures: Unsigned | None = Field(
        None, description="Failures to connect in a row; only if they are counted apart. 5."
    )
    consecutive_gateway_errors: Unsigned | None = Field(
        None, description="Answers 502, 503, 504 in a row; not counted if not given or 0."
    )
    consecutive_5xx_errors: Unsigned | None = Field(
        None, alias="consecutive5xxErrors", description="Answers 5xx in a row; 5, and 0 for never."
    )
    interval: PositiveSeconds | None = Field(None, description="How often endpoints are looked at; 10 s.")
    base_ejection_time: PositiveSeconds | None = Field(
        None, description="How long one is left out, times how often it was already; 30 s."
    )
    max_ejection_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="Endpoints that may be left out; 10 %, but always one."
    )
    min_health_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="With fewer healthy endpoints, all are used."
    )
    outlier_detection_http_error_codes: Items[Annotated[int, Field(ge=100, le=599)]] = Field(
        (), description="Status codes that count as errors beside 5xx."
    )


def check_outliers(part: Written, path: tuple[Step, ...], spec: Outliers) -> None:
    """Note what the schema cannot see."""
    if spec.consecutive_local_origin_failures is not None and not spec.split_external_local_origin_errors:
        message = "has no effect unless splitExternalLocalOriginErrors is true"
        part.warning((*path, "consecutiveLocalOriginFailures"), message)
    if spec.consecutive_errors is not None and spec.consecutive_gateway_errors is not None:
        part.warning((*path, "consecutiveErrors"), "has no effect beside consecutiveGatewayErrors")


def outliers(spec: Outliers | None) -> OutlierDetection | None:
    """As the model has it."""
    if spec is None:
        return None
    gateway = spec.consecutive_gateway_errors
    fallback = 5
    if gateway is None and spec.consecutive_errors:
        gateway, fallback = spec.consecutive_errors, 0
    local = 5 if spec.consecutive_local_origin_failures is None else spec.consecutive_local_origin_failures
    return OutlierDetection(
        consecutive_5xx=fallback if spec.consecutive_5xx_errors is None else spec.consecutive_5xx_errors,
        consecutive_gateway_errors=gateway or None,
        interval=spec.interval or 10.0,
        ejection_time=spec.base_ejection_time or 30.0,
        max_ejection_percent=spec.max_ejection_percent or 10,  # Istio: 0 is not given.
        min_health_percent=spec.min_health_percent,
        splits_local_errors=spec.split_external_local_origin_errors,
        consecutive_local_failures=local if spec.split_external_local_origin_errors else None,
        error_codes=spec.outlier_detection_http_error_codes,
    )


def breaker(spec: ConnectionPoolSpec | None, budget: RetryBudgetSpec | None) -> CircuitBreaker | None:
    """The limits; None if there is none. A limit of 0 is none, as in Istio."""
    tcp = (spec.tcp if spec is not None else None) or NO_TCP
    http = (spec.http if spec is not None else None) or NO_HTTP
    found = CircuitBreaker(
        max_connections=tcp.max_connections or None,
        max_pending_requests=http.http1_max_pending_requests or None,
        max_requests=http.http2_max_requests or None,
        max_retries=http.max_retries or None,
        retry_budget=RetryBudget(percent=budget.percent, minimum=budget.min_retry_concurrency) if budget else None,
    )
    return found if found != CircuitBreaker() else None


def pool(spec: ConnectionPoolSpec | None) -> ConnectionPool:
    """How connections are kept."""
    tcp = (spec.tcp if spec is not None else None) or NO_TCP
    http = (spec.http if spec is not None else None) or NO_HTTP
    keepalive, pings = tcp.tcp_keepalive, http.http2_keep_alive
    return ConnectionPool(
        max_connection_duration=tcp.max_connection_duration,
        tcp_keepalive=Keepalive(**keepalive.model_dump()) if keepalive is not None else None,
        http2_keepalive=Keepalive(**pings.model_dump()) if pings is not None else None,
        max_requests_per_connection=http.max_requests_per_connection or None,
        max_concurrent_streams=http.max_concurrent_streams or None,
        upgrade_to_http2=_UPGRADES.get(http.h2_upgrade_policy),
        use_client_protocol=http.use_client_protocol,
        tcp_idle_timeout=TCP_IDLE_TIMEOUT if tcp.idle_timeout is None else tcp.idle_timeout or None,
    )
