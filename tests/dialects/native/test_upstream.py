from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.policies import ClientTls, ConnectionPool, Keepalive, Policy, RetryBudget, TlsMode, Tunnel

Read = Callable[[str], Fragment]


def policy(read: Read, text: str) -> Policy:
    (service,) = read(f"services: {{web: {{port: 1, command: x, {text}}}}}").services
    return service.policy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tls: {certificate: a}", '"tls" needs both certificate and key'),
        ("tls: mutual", '"tls" with mode mutual needs certificate and key, or secret'),
        (
            "tls: {mode: simple, certificate: a, key: b}",
            '"tls" takes certificate and key only with mode mutual',
        ),
        (
            "tls: smple",
            '"tls.mode" must be one of simple, mutual, mesh, disable, not "smple"; did you mean "simple"?',
        ),
        ("tls: {secret: a, ca: b}", '"tls" takes only one of secret, files'),
        ("tunnel: proxy", '"tunnel" must be a place such as db.example.org:5432, not "proxy"'),
        ("tunnel: ':80'", '"tunnel" must be a place such as db.example.org:5432, not ":80"'),
        ("connections: {streams: 0}", '"connections.streams" must be at least 1, not 0'),
        ("outlier_detection: {error_codes: 99}", '"outlier_detection.error_codes[0]" must be at least 100, not 99'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    (finding,) = read(f"services: {{web: {{port: 1, command: x, {text}}}}}").findings
    assert finding.message == f"service web: {message}"


def test_connections_may_be_kept_in_many_ways(read: Read) -> None:
    pool = policy(
        read,
        "connections: {lifetime: 1m, requests: 5, streams: 7, upgrade_to_http2: true, use_client_protocol: true, "
        "tcp_keepalive: {time: 1s, interval: 2s, probes: 3}, http2_keepalive: {interval: 4s}, tcp_idle_timeout: 1h}",
    ).pool
    assert pool == ConnectionPool(
        max_connection_duration=60,
        tcp_keepalive=Keepalive(time=1, interval=2, probes=3),
        http2_keepalive=Keepalive(interval=4),
        max_requests_per_connection=5,
        max_concurrent_streams=7,
        upgrade_to_http2=True,
        use_client_protocol=True,
        tcp_idle_timeout=3600,
    )
    assert policy(read, "connections: {}").pool == ConnectionPool()


def test_tls_may_be_said_in_a_word_or_in_full(read: Read) -> None:
    assert policy(read, "tls: true").tls == ClientTls(mode=TlsMode.SIMPLE)
    assert policy(read, "tls: disable").tls == ClientTls(mode=TlsMode.DISABLE)
    assert policy(read, "tls: {certificate: c.pem, key: /k.pem, ca: ca.pem, server_name: a.b, names: x}").tls == (
        ClientTls(
            mode=TlsMode.MUTUAL,
            certificate_file="/folder/c.pem",
            key_file="/k.pem",
            ca_file="/folder/ca.pem",
            server_name="a.b",
            subject_alt_names=("x",),
        )
    )
    insecure = policy(read, "tls: {insecure: true}").tls
    assert insecure is not None and insecure.skips_verification and insecure.mode is TlsMode.SIMPLE


def test_limits_and_health_may_be_said_in_detail(read: Read) -> None:
    found = policy(
        read,
        "circuit_breaker: {max_requests: 5, retry_budget: {percent: 10%}}, "
        "outlier_detection: {consecutive_local_failures: 2, min_health_percent: 30, error_codes: 429}",
    )
    assert found.circuit_breaker is not None and found.circuit_breaker.max_requests == 5
    assert found.circuit_breaker.retry_budget == RetryBudget(percent=10)
    outlier = found.outlier_detection
    assert outlier is not None and outlier.splits_local_errors and outlier.error_codes == (429,)
    plain = policy(read, "circuit_breaker: {max_retries: 1}, outlier_detection: {}")
    assert plain.outlier_detection is not None and not plain.outlier_detection.splits_local_errors
    assert plain.circuit_breaker is not None and plain.circuit_breaker.retry_budget is None


@pytest.mark.parametrize(
    ("text", "tunnel"),
    [
        ("db.example.org:5432", Tunnel(host="db.example.org", port=5432)),
        ("'[::1]:443'", Tunnel(host="::1", port=443)),
        ("{host: db, port: 1, post: true}", Tunnel(host="db", port=1, uses_post=True)),
    ],
)
def test_bytes_may_go_through_a_tunnel(read: Read, text: str, tunnel: Tunnel) -> None:
    assert policy(read, f"tunnel: {text}").tunnel == tunnel
