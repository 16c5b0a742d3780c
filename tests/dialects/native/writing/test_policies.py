from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.policy import PolicySpec
from tulle.dialects.native.writing import policies
from tulle.model.policies import Policy


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"load_balancing": "round_robin", "connect_timeout": "1s", "idle_timeout": "1m", "proxy_protocol": 2},
        {
            "load_balancing": {
                "balance": "maglev",
                "hash_on": {"header": "x-a"},
                "slow_start": "1m",
                "slow_start_aggression": 2.0,
                "slow_start_minimum": 5,
                "table_size": 101,
            }
        },
        {"load_balancing": {"near": True}},
        {"load_balancing": {"near": False}},
        {"load_balancing": {"near": {"failover": {"a": "b"}}}},
        {"load_balancing": {"near": {"distribute": {"a": {"a": 80, "b": 20}}}}},
        {"load_balancing": {"near": {"labels": ["a", "b"]}}},
        {"load_balancing": {"balance": "ring_hash", "hash_on": {"query": "q"}, "minimum_ring_size": 7}},
        {"circuit_breaker": {"max_connections": 1, "max_pending_requests": 2, "max_requests": 3, "max_retries": 0}},
        {"circuit_breaker": {"retry_budget": {"percent": 10, "minimum": 3}}},
        {"outlier_detection": {"consecutive_5xx": 5}},
        {
            "outlier_detection": {
                "consecutive_5xx": 0,
                "consecutive_gateway_errors": 2,
                "interval": "1s",
                "ejection_time": "1m",
                "max_ejection_percent": 10,
                "min_health_percent": 20,
                "consecutive_local_failures": 4,
                "error_codes": [429, 503],
            }
        },
        {"health_check": "/health", "rate_limit": "10/s"},
        {"health_check": {"path": "", "interval": "1s", "timeout": "2s", "unhealthy_after": 2, "healthy_after": 2}},
        {
            "connections": {
                "lifetime": "1m",
                "requests": 10,
                "streams": 100,
                "upgrade_to_http2": False,
                "use_client_protocol": True,
                "tcp_keepalive": {"time": "1s", "interval": "2s", "probes": 3},
                "http2_keepalive": {"timeout": "5s"},
                "tcp_idle_timeout": "1h",
            }
        },
        {"tls": True},
        {"tls": "mesh"},
        {"tls": {"certificate": "c.pem", "key": "k.pem", "ca": "ca.pem", "crl": "r.pem", "names": "a"}},
        {"tls": {"mode": "mutual", "secret": "s.other", "ca_maps": ["a", "b.other"]}},
        {"tls": {"server_name": "a.example.org", "insecure": True}},
        {"tunnel": "proxy.example.org:3128"},
        {"tunnel": "[::1]:3128"},
        {"tunnel": {"host": "p", "port": 1, "post": True}},
    ],
)
def test_policies_are_written_as_they_are_read(written: dict[str, Any]) -> None:
    policy = PolicySpec.model_validate(written).policy("/folder", "default")
    assert policies.policy(policy, policies.USUAL, "/folder", "default") == written
    assert policies.policy(policy, policy, "/folder", "default") == {}


def test_policies_of_ports_say_what_is_different() -> None:
    slow = PolicySpec.model_validate({"connect_timeout": "9s"}).policy("", "default")
    assert policies.by_port(((443, slow), (80, Policy())), Policy(), "", "default") == {
        "80": {},
        "443": {"connect_timeout": "9s"},
    }


def test_what_is_taken_back_is_not_written() -> None:
    given = PolicySpec.model_validate(
        {"circuit_breaker": {}, "outlier_detection": {}, "health_check": "/", "tls": True, "tunnel": "a:1"}
    ).policy("", "default")
    assert policies.policy(Policy(), given, "", "default") == {}
    assert policies.near(None) is None
