from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.writing import policies
from tulle.kit.located_yaml import parse
from tulle.model.mesh import Fragment
from tulle.model.policies import Policy

Read = Callable[[str], Fragment]


def policy(read: Read, text: str) -> Policy:
    fragment = read(f"services: {{web: {{port: 1, hosts: web.example.org, {text}}}}}")
    assert not fragment.findings
    return fragment.services[0].policy


@pytest.mark.parametrize(
    "text",
    [
        "load_balancing: random",
        "load_balancing: {balance: ring_hash, hash_on: {header: a}, minimum_ring_size: 9}",
        "load_balancing: {balance: maglev, hash_on: {source_ip: true}, table_size: 65537}",
        "load_balancing: {slow_start: 1m, slow_start_aggression: 2.0, slow_start_minimum: 20}",
        "load_balancing: {near: true}",
        "load_balancing: {near: false}",
        "load_balancing: {near: {failover: {eu: us}}}",
        "load_balancing: {near: {distribute: {eu/*: {eu/*: 80, us/*: 20}}}}",
        "load_balancing: {near: {labels: [a, b=c]}}",
        "circuit_breaker: {max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: 4}",
        "circuit_breaker: {retry_budget: {percent: 12.5, minimum: 1}}",
        "outlier_detection: {consecutive_5xx: 5}",
        "outlier_detection: {consecutive_5xx: 0, consecutive_gateway_errors: 3, interval: 1s, ejection_time: 1m, "
        "max_ejection_percent: 100, min_health_percent: 20, consecutive_local_failures: 2, error_codes: [404, 429]}",
        "connections: {lifetime: 1h, requests: 2, streams: 3, upgrade_to_http2: false, use_client_protocol: true, "
        "tcp_keepalive: {time: 1m, interval: 5s, probes: 3}, http2_keepalive: {interval: 1m, timeout: 1s}, "
        "tcp_idle_timeout: 1d}",
        "tls: true",
        "tls: mesh",
        "tls: disable",
        "tls: {ca: ca.pem, server_name: a.b, names: [c, d], insecure: true, crl: crl.pem}",
        "tls: {certificate: a.pem, key: a.key}",
        "tls: {mode: mutual, secret: a.shop, ca_maps: [b, c.shop]}",
        "tls: {mode: mesh, server_name: a.b}",
        "rate_limit: 5/s",
        "health_check: /healthz",
        "health_check: {path: '', interval: 1s, timeout: 2s, unhealthy_after: 9, healthy_after: 8}",
        "connect_timeout: 1s",
        "idle_timeout: 1h",
        "proxy_protocol: 2",
        "tunnel: db.example.org:5432",
        "tunnel: '[::1]:443'",
        "tunnel: {host: a, port: 1, post: true}",
    ],
)
def test_policies_are_written_as_they_are_read(read: Read, text: str) -> None:
    assert policies.policy(policy(read, text), policies.USUAL, "/folder", "default") == parse(text)


def test_only_what_another_policy_does_not_say_is_written(read: Read) -> None:
    base = policy(read, "load_balancing: random, connect_timeout: 1s, proxy_protocol: 1")
    other = policy(read, "load_balancing: random, connect_timeout: 2s, proxy_protocol: 1, idle_timeout: 1s")
    assert policies.policy(base, base, "", "default") == {}
    assert policies.by_port([(90, other), (80, base)], base, "", "default") == {
        "80": {},
        "90": {"connect_timeout": "2s", "idle_timeout": "1s"},
    }


def test_what_is_not_said_is_nothing() -> None:
    nothing = [
        policies.near(None),
        policies.circuit_breaker(None),
        policies.outlier_detection(None),
        policies.health_check(None),
        policies.keepalive(None),
        policies.client_tls(None, "", "default"),
        policies.tunnel(None),
    ]
    assert nothing == [None] * 7
