"""How a policy shapes a cluster: load balancing, breakers, outlier detection."""

from __future__ import annotations

from functools import lru_cache

from envoy.config.cluster.v3 import circuit_breaker_pb2, cluster_pb2, outlier_detection_pb2
from envoy.type.v3 import percent_pb2

from tulle.envoy import pools, protos
from tulle.model.policies import Balance, CircuitBreaker, LoadBalancing, OutlierDetection, Policy

POLICIES = {
    Balance.LEAST_REQUEST: cluster_pb2.Cluster.LEAST_REQUEST,
    Balance.ROUND_ROBIN: cluster_pb2.Cluster.ROUND_ROBIN,
    Balance.RANDOM: cluster_pb2.Cluster.RANDOM,
    Balance.RING_HASH: cluster_pb2.Cluster.RING_HASH,
    Balance.MAGLEV: cluster_pb2.Cluster.MAGLEV,
    # Callers ask for a name here, never for the address of an endpoint that they know. Whoever has no opinion on
    # addresses gets any of them, as from a cluster address of Kubernetes.
    Balance.PASSTHROUGH: cluster_pb2.Cluster.RANDOM,
}
DEFAULTS = LoadBalancing()
"""Envoy's own."""
LARGEST_RING = 8 * 1024 * 1024
"""Envoy's."""


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
    if policy.pool.tcp_keepalive is not None:
        pools.keep_alive(policy.pool.tcp_keepalive, cluster)
    # No panic, unless it is asked for: an endpoint that is known to be bad is never asked, the caller gets its answer
    # at once instead.
    panic = policy.outlier_detection.min_health_percent if policy.outlier_detection else 0
    cluster.common_lb_config.healthy_panic_threshold.CopyFrom(percent_pb2.Percent(value=panic))
    # New weights count at once; Envoy would collect them for a second.
    cluster.common_lb_config.update_merge_window.CopyFrom(protos.seconds(0))
    return cluster


def _balance(balancing: LoadBalancing, cluster: cluster_pb2.Cluster) -> None:
    cluster.lb_policy = POLICIES[balancing.balance]
    match balancing.balance:
        case Balance.RING_HASH if balancing.minimum_ring_size:
            size = min(balancing.minimum_ring_size, LARGEST_RING)
            cluster.ring_hash_lb_config.minimum_ring_size.value = size
        case Balance.MAGLEV if balancing.table_size:
            cluster.maglev_lb_config.table_size.value = balancing.table_size
        case Balance.LEAST_REQUEST if balancing.slow_start:
            cluster.least_request_lb_config.slow_start_config.CopyFrom(_slow_start(balancing))
        case Balance.ROUND_ROBIN if balancing.slow_start:
            cluster.round_robin_lb_config.slow_start_config.CopyFrom(_slow_start(balancing))
        case _:
            pass


def _slow_start(balancing: LoadBalancing) -> cluster_pb2.Cluster.SlowStartConfig:
    config = cluster_pb2.Cluster.SlowStartConfig(slow_start_window=protos.seconds(balancing.slow_start))
    if balancing.slow_start_aggression != DEFAULTS.slow_start_aggression:
        config.aggression.default_value = balancing.slow_start_aggression
        config.aggression.runtime_key = "slow_start.aggression"
    if balancing.slow_start_minimum_percent != DEFAULTS.slow_start_minimum_percent:
        config.min_weight_percent.value = balancing.slow_start_minimum_percent
    return config


def _breaker(breaker: CircuitBreaker) -> circuit_breaker_pb2.CircuitBreakers.Thresholds:
    """Limits; what is not limited must be said, because Envoy's own default is 1024 (and 3 retries)."""

    def limit(value: int | None) -> object:
        return protos.number(protos.UNLIMITED if value is None else value)

    thresholds = circuit_breaker_pb2.CircuitBreakers.Thresholds(
        max_connections=limit(breaker.max_connections),
        max_pending_requests=limit(breaker.max_pending_requests),
        max_requests=limit(breaker.max_requests),
        max_retries=limit(breaker.max_retries),
    )
    if breaker.retry_budget is not None:
        thresholds.retry_budget.budget_percent.value = breaker.retry_budget.percent
        thresholds.retry_budget.min_retry_concurrency.value = breaker.retry_budget.minimum
    return thresholds


def _outliers(detection: OutlierDetection) -> outlier_detection_pb2.OutlierDetection:
    """Consecutive failures only: rates need more traffic than most services have."""
    gateway_errors = detection.consecutive_gateway_errors
    message = outlier_detection_pb2.OutlierDetection(
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
    if detection.splits_local_errors:
        failures = detection.consecutive_local_failures
        message.split_external_local_origin_errors = True
        if failures is not None:
            message.consecutive_local_origin_failure.value = failures
        message.enforcing_consecutive_local_origin_failure.value = 0 if failures == 0 else 100
        message.enforcing_local_origin_success_rate.value = 0
    return message
