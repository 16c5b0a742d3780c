from __future__ import annotations

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy import balancing
from tulle.model.policies import (
    Balance,
    CircuitBreaker,
    ConnectionPool,
    Keepalive,
    LoadBalancing,
    OutlierDetection,
    Policy,
    RetryBudget,
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


def test_slow_start_as_somebody_wants_it() -> None:
    mild = LoadBalancing(slow_start=5, slow_start_aggression=2.0, slow_start_minimum_percent=20)
    config = as_json(balancing.shaped(Policy(load_balancing=mild)))["least_request_lb_config"]["slow_start_config"]
    assert config["aggression"]["default_value"] == 2.0
    assert config["min_weight_percent"] == {"value": 20.0}


def test_sizes_of_rings_and_tables() -> None:
    ring = LoadBalancing(balance=Balance.RING_HASH, minimum_ring_size=2**30)
    table = LoadBalancing(balance=Balance.MAGLEV, table_size=251)
    assert as_json(balancing.shaped(Policy(load_balancing=ring)))["ring_hash_lb_config"] == {
        "minimum_ring_size": "8388608"
    }
    assert as_json(balancing.shaped(Policy(load_balancing=table)))["maglev_lb_config"] == {"table_size": "251"}


def test_retries_may_be_a_share_of_the_requests() -> None:
    policy = Policy(circuit_breaker=CircuitBreaker(retry_budget=RetryBudget(percent=25, minimum=4)))
    (limits,) = as_json(balancing.shaped(policy))["circuit_breakers"]["thresholds"]
    assert limits["retry_budget"] == {"budget_percent": {"value": 25.0}, "min_retry_concurrency": 4}


@pytest.mark.parametrize(("failures", "expected", "enforced"), [(None, None, 100), (7, 7, 100), (0, 0, 0)])
def test_failures_to_connect_may_be_counted_apart(failures: int | None, expected: int | None, enforced: int) -> None:
    detection = OutlierDetection(splits_local_errors=True, consecutive_local_failures=failures)
    found = as_json(balancing.shaped(Policy(outlier_detection=detection)))["outlier_detection"]
    assert found["split_external_local_origin_errors"] is True
    assert found.get("consecutive_local_origin_failure") == expected
    assert found["enforcing_consecutive_local_origin_failure"] == enforced
    assert found["enforcing_local_origin_success_rate"] == 0


def test_all_are_called_when_too_few_are_well_if_somebody_wants_that() -> None:
    policy = Policy(outlier_detection=OutlierDetection(min_health_percent=30))
    assert as_json(balancing.shaped(policy))["common_lb_config"]["healthy_panic_threshold"] == {"value": 30.0}


def test_connections_are_kept_alive() -> None:
    policy = Policy(pool=ConnectionPool(tcp_keepalive=Keepalive(probes=3)))
    assert as_json(balancing.shaped(policy))["upstream_connection_options"] == {
        "tcp_keepalive": {"keepalive_probes": 3}
    }


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
