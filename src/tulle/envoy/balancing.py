"""How a policy shapes a cluster: load balancing, breakers, outlier detection, health checks."""

from __future__ import annotations

from functools import lru_cache

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2, outlier_detection_pb2
from envoy.config.core.v3 import health_check_pb2
from envoy.type.v3 import http_pb2, percent_pb2

from tulle.envoy import protos
from tulle.model.policies import Balance, CircuitBreaker, HealthCheck, LoadBalancing, OutlierDetection, Policy

POLICIES = {
    Balance.LEAST_REQUEST: cluster_pb2.Cluster.LEAST_REQUEST,
    Balance.ROUND_ROBIN: cluster_pb2.Cluster.ROUND_ROBIN,
    Balance.RANDOM: cluster_pb2.Cluster.RANDOM,
    Balance.RING_HASH: cluster_pb2.Cluster.RING_HASH,
    Balance.MAGLEV: cluster_pb2.Cluster.MAGLEV,
}


def shaped(policy: Policy) -> cluster_pb2.Cluster:
    """A cluster with everything of a policy that does not depend on who listens there."""
    cluster = cluster_pb2.Cluster()
    cluster.CopyFrom(_template(policy))
    return cluster


@lru_cache(1024)
def _template(policy: Policy) -> cluster_pb2.Cluster:
    cluster = cluster_pb2.Cluster()
    _balance(policy.load_balancing, cluster)
    cluster.connect_timeout.CopyFrom(protos.seconds(policy.connect_timeout))
    cluster.circuit_breakers.thresholds.append(_breaker(policy.circuit_breaker or CircuitBreaker()))
    if policy.outlier_detection:
        cluster.outlier_detection.CopyFrom(_outliers(policy.outlier_detection))
    # No panic: an endpoint that is known to be bad is never asked, the caller gets its answer at once instead.
    cluster.common_lb_config.healthy_panic_threshold.CopyFrom(percent_pb2.Percent(value=0))
    # New weights count at once; Envoy would collect them for a second.
    cluster.common_lb_config.update_merge_window.CopyFrom(protos.seconds(0))
    return cluster


def check_health(check: HealthCheck, cluster: cluster_pb2.Cluster, *, is_http2: bool) -> None:
    """Let the proxy look after the endpoints itself."""
    message = health_check_pb2.HealthCheck(
        timeout=protos.seconds(check.timeout),
        interval=protos.seconds(check.interval),
        unhealthy_threshold=protos.number(check.unhealthy_after),
        healthy_threshold=protos.number(check.healthy_after),
    )
    if check.path:
        message.http_health_check.path = check.path
        codec = http_pb2.HTTP2 if is_http2 else http_pb2.HTTP1
        message.http_health_check.codec_client_type = codec
    else:
        message.tcp_health_check.SetInParent()
    cluster.health_checks.append(message)
    cluster.ignore_health_on_host_removal = True


def _balance(balancing: LoadBalancing, cluster: cluster_pb2.Cluster) -> None:
    cluster.lb_policy = POLICIES[balancing.balance]
    if not balancing.slow_start:
        return
    config = cluster_pb2.Cluster.SlowStartConfig(slow_start_window=protos.seconds(balancing.slow_start))
    if balancing.balance is Balance.LEAST_REQUEST:
        cluster.least_request_lb_config.slow_start_config.CopyFrom(config)
    elif balancing.balance is Balance.ROUND_ROBIN:
        cluster.round_robin_lb_config.slow_start_config.CopyFrom(config)


def _breaker(breaker: CircuitBreaker) -> circuit_breaker_pb2.CircuitBreakers.Thresholds:
    """Limits; what is not limited must be said, because Envoy's own default is 1024 (and 3 retries)."""

    def limit(value: int | None) -> object:
        return protos.number(protos.UNLIMITED if value is None else value)

    return circuit_breaker_pb2.CircuitBreakers.Thresholds(
        max_connections=limit(breaker.max_connections),
        max_pending_requests=limit(breaker.max_pending_requests),
        max_requests=limit(breaker.max_requests),
        max_retries=limit(breaker.max_retries),
    )


def _outliers(detection: OutlierDetection) -> outlier_detection_pb2.OutlierDetection:
    """Consecutive failures only: rates need more traffic than most services have."""
    gateway_errors = detection.consecutive_gateway_errors
    return outlier_detection_pb2.OutlierDetection(
        consecutive_5xx=protos.number(detection.consecutive_5xx),
        enforcing_consecutive_5xx=protos.number(100 if detection.consecutive_5xx else 0),
        consecutive_gateway_failure=protos.number(gateway_errors) if gateway_errors else None,
        enforcing_consecutive_gateway_failure=protos.number(100 if gateway_errors else 0),
        enforcing_success_rate=protos.number(0),
        interval=protos.seconds(detection.interval),
        base_ejection_time=protos.seconds(detection.ejection_time),
        max_ejection_time=protos.seconds(max(300.0, detection.ejection_time)),
        max_ejection_percent=protos.number(detection.max_ejection_percent),
    )
