from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy import balancing
from tulle.model.policies import (
    Balance,
    CircuitBreaker,
    HealthCheck,
    LoadBalancing,
    OutlierDetection,
    Policy,
)


@pytest.mark.parametrize("balance", Balance)
def test_every_balance_has_its_algorithm_in_envoy(balance: Balance) -> None:
    cluster = balancing.shaped(Policy(load_balancing=LoadBalancing(balance=balance)))
    assert balancing.POLICIES[balance] == cluster.lb_policy


@pytest.mark.parametrize(
    ("balance", "place"),
    [
        (Balance.LEAST_REQUEST, "least_request_lb_config"),
        (Balance.ROUND_ROBIN, "round_robin_lb_config"),
        (Balance.RANDOM, None),
    ],
)
def test_slow_start_where_envoy_has_it(balance: Balance, place: str | None) -> None:
    message = as_json(balancing.shaped(Policy(load_balancing=LoadBalancing(balance=balance, slow_start=5))))
    found = [name for name in message if name.endswith("lb_config") and name != "common_lb_config"]
    assert found == ([place] if place else [])


def test_without_a_breaker_nothing_is_limited() -> None:
    (limits,) = as_json(balancing.shaped(Policy()))["circuit_breakers"]["thresholds"]
    assert set(limits.values()) == {2**32 - 1}


def test_limits_of_a_breaker_are_kept_even_if_zero() -> None:
    policy = Policy(circuit_breaker=CircuitBreaker(max_retries=0, max_requests=5))
    (limits,) = as_json(balancing.shaped(policy))["circuit_breakers"]["thresholds"]
    assert limits["max_retries"] == 0
    assert limits["max_requests"] == 5


def test_outliers_are_found_by_what_was_asked_for_only() -> None:
    detection = OutlierDetection(consecutive_5xx=0, consecutive_gateway_errors=3, ejection_time=600)
    found = as_json(balancing.shaped(Policy(outlier_detection=detection)))["outlier_detection"]
    assert found["enforcing_consecutive_5xx"] == 0
    assert found["consecutive_gateway_failure"] == 3
    assert found["enforcing_consecutive_gateway_failure"] == 100
    assert found["max_ejection_time"] == "600s"
    plain = as_json(balancing.shaped(Policy(outlier_detection=OutlierDetection())))["outlier_detection"]
    assert plain["enforcing_consecutive_5xx"] == 100
    assert plain["enforcing_consecutive_gateway_failure"] == 0


def test_a_bad_endpoint_is_never_asked() -> None:
    assert as_json(balancing.shaped(Policy()))["common_lb_config"]["healthy_panic_threshold"] == {}


def test_shapes_are_not_shared() -> None:
    balancing.shaped(Policy()).name = "a"
    assert balancing.shaped(Policy()).name == ""


@pytest.mark.parametrize(
    ("check", "is_http2", "expected"),
    [
        (HealthCheck(), False, ("tcp_health_check", {})),
        (HealthCheck(path="/h"), False, ("http_health_check", {"path": "/h"})),
        (HealthCheck(path="/h"), True, ("http_health_check", {"path": "/h", "codec_client_type": "HTTP2"})),
    ],
)
def test_health_is_checked_in_the_language_of_the_endpoint(
    check: HealthCheck, is_http2: bool, expected: tuple[str, object]
) -> None:
    cluster = balancing.shaped(Policy())
    balancing.check_health(check, cluster, is_http2=is_http2)
    (found,) = as_json(cluster)["health_checks"]
    assert found[expected[0]] == expected[1]
    assert found["unhealthy_threshold"] == 3
