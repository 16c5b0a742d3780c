from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.policies import (
    CircuitBreaker,
    ConnectionPool,
    Keepalive,
    OutlierDetection,
    Policy,
    RetryBudget,
)
from tulle.model.services import Destination

Read = Callable[[str], Fragment]


def one(text: str) -> str:
    return document("DestinationRule", f"host: a\ntrafficPolicy: {text}")


def policy(read: Read, text: str) -> Policy:
    fragment = read(one(text))
    assert findings(fragment) == []
    (destination,) = fragment.objects
    assert isinstance(destination, Destination)
    assert destination.policy is not None
    return destination.policy


def test_defaults_are_those_of_istio(read: Read) -> None:
    for text in ("{}", "{connectionPool: {}}", "{connectionPool: {tcp: {}, http: {}}}"):
        assert policy(read, text) == Policy(connect_timeout=10.0, pool=ConnectionPool(tcp_idle_timeout=3600.0))


def test_pools(read: Read) -> None:
    found = policy(
        read,
        "{connectionPool: {tcp: {maxConnections: 1, connectTimeout: 30ms, maxConnectionDuration: 5m, idleTimeout: 0s, "
        "tcpKeepalive: {probes: 3, time: 2h, interval: 75s}}, http: {http1MaxPendingRequests: 2, "
        "http2MaxRequests: 3, maxRequestsPerConnection: 4, maxRetries: 5, idleTimeout: 6s, "
        "h2UpgradePolicy: UPGRADE, useClientProtocol: true, maxConcurrentStreams: 7, "
        "http2KeepAlive: {interval: 8s, timeout: 9s}}}}",
    )
    assert found.connect_timeout == 0.03
    assert found.idle_timeout == 6.0
    assert found.circuit_breaker == CircuitBreaker(
        max_connections=1, max_pending_requests=2, max_requests=3, max_retries=5
    )
    assert found.pool == ConnectionPool(
        max_connection_duration=300.0,
        tcp_keepalive=Keepalive(probes=3, time=7200.0, interval=75.0),
        http2_keepalive=Keepalive(interval=8.0, timeout=9.0),
        max_requests_per_connection=4,
        max_concurrent_streams=7,
        upgrade_to_http2=True,
        use_client_protocol=True,
    )


def test_limits_of_zero_are_none(read: Read) -> None:
    text = "{connectionPool: {tcp: {maxConnections: 0}, http: {h2UpgradePolicy: DO_NOT_UPGRADE, idleTimeout: 1s}}}"
    found = policy(read, text)
    assert found.circuit_breaker is None
    assert found.pool.upgrade_to_http2 is False


def test_retry_budgets(read: Read) -> None:
    assert policy(read, "{retryBudget: {}}").circuit_breaker == CircuitBreaker(retry_budget=RetryBudget())
    assert policy(read, "{retryBudget: {percent: 1.5, minRetryConcurrency: 0}}").circuit_breaker == CircuitBreaker(
        retry_budget=RetryBudget(percent=1.5, minimum=0)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", OutlierDetection(max_ejection_percent=10)),
        ("{maxEjectionPercent: 0}", OutlierDetection(max_ejection_percent=10)),
        (
            "{consecutive5xxErrors: 0, consecutiveGatewayErrors: 3, interval: 5s, baseEjectionTime: 1m, "
            "maxEjectionPercent: 100, minHealthPercent: 20, outlierDetectionHttpErrorCodes: [429]}",
            OutlierDetection(
                consecutive_5xx=0,
                consecutive_gateway_errors=3,
                interval=5.0,
                ejection_time=60.0,
                max_ejection_percent=100,
                min_health_percent=20,
                error_codes=(429,),
            ),
        ),
        (
            "{consecutiveErrors: 7}",
            OutlierDetection(consecutive_5xx=0, consecutive_gateway_errors=7, max_ejection_percent=10),
        ),
        (
            "{splitExternalLocalOriginErrors: true}",
            OutlierDetection(splits_local_errors=True, consecutive_local_failures=5, max_ejection_percent=10),
        ),
        (
            "{splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 2}",
            OutlierDetection(splits_local_errors=True, consecutive_local_failures=2, max_ejection_percent=10),
        ),
    ],
)
def test_who_fails(read: Read, text: str, expected: OutlierDetection) -> None:
    assert policy(read, f"{{outlierDetection: {text}}}").outlier_detection == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{consecutiveLocalOriginFailures: 2}",
            'consecutiveLocalOriginFailures" has no effect unless splitExternalLocalOriginErrors is true',
        ),
        (
            "{consecutiveErrors: 2, consecutiveGatewayErrors: 3}",
            'consecutiveErrors" has no effect beside consecutiveGatewayErrors',
        ),
    ],
)
def test_what_has_no_effect(read: Read, text: str, expected: str) -> None:
    found = findings(read(one(f"{{outlierDetection: {text}}}")))
    assert found == [f'6 warning: "spec.trafficPolicy.outlierDetection.{expected}']
