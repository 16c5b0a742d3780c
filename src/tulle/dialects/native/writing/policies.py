"""How callers treat a service: only what is not as it is anyway."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.native.writing import exchange, traffic
from tulle.dialects.native.writing.plain import (
    Data,
    changed,
    duration,
    file,
    kept,
    named,
    number,
    several,
    yes,
)
from tulle.model.policies import (
    Balance,
    CircuitBreaker,
    ClientTls,
    ConnectionPool,
    HealthCheck,
    Keepalive,
    LoadBalancing,
    LocalityBalancing,
    OutlierDetection,
    Policy,
    TlsMode,
    Tunnel,
)

USUAL = Policy()
_USUAL_DETECTION = OutlierDetection()
_USUAL_CHECK = HealthCheck()


def policy(given: Policy, base: Policy, folder: str, namespace: str) -> Data:
    """What a policy says that another one, which it begins with, does not."""

    def different(field: str) -> bool:
        return bool(getattr(given, field) != getattr(base, field))

    return kept(
        load_balancing=load_balancing(given.load_balancing) if different("load_balancing") else None,
        circuit_breaker=circuit_breaker(given.circuit_breaker) if different("circuit_breaker") else None,
        outlier_detection=outlier_detection(given.outlier_detection) if different("outlier_detection") else None,
        connections=pool(given.pool) if different("pool") else None,
        tls=client_tls(given.tls, folder, namespace) if different("tls") else None,
        rate_limit=traffic.rate(given.rate_limit) if different("rate_limit") else None,
        health_check=health_check(given.health_check) if different("health_check") else None,
        connect_timeout=duration(given.connect_timeout) if different("connect_timeout") else None,
        idle_timeout=duration(given.idle_timeout) if different("idle_timeout") else None,
        proxy_protocol=given.proxy_protocol if different("proxy_protocol") else None,
        tunnel=tunnel(given.tunnel) if different("tunnel") else None,
    )


def by_port(given: Sequence[tuple[int, Policy]], base: Policy, folder: str, namespace: str) -> Data:
    """Policies of single ports."""
    return {str(number): policy(each, base, folder, namespace) for number, each in sorted(given, key=lambda it: it[0])}


def load_balancing(given: LoadBalancing) -> object:
    """The word, if that is all."""
    rest = kept(
        hash_on=exchange.hash_on(given.hash_on) if given.hash_on is not None else None,
        slow_start=duration(given.slow_start or None),
        slow_start_aggression=changed(given.slow_start_aggression, 1.0),
        slow_start_minimum=changed(number(given.slow_start_minimum_percent), 10),
        minimum_ring_size=given.minimum_ring_size,
        table_size=given.table_size,
        near=near(given.locality),
    )
    if not rest:
        return str(given.balance)
    return {**kept(balance=changed(str(given.balance), str(Balance.LEAST_REQUEST))), **rest}


def near(given: LocalityBalancing | None) -> object:
    """`true`, if nothing else is said."""
    if given is None:
        return None
    if not given.is_enabled:
        return False
    said = kept(
        failover=dict(given.failover),
        distribute={here: dict(shares) for here, shares in given.distribute},
        labels=several(given.failover_priority),
    )
    return said or True


def circuit_breaker(given: CircuitBreaker | None) -> Data | None:
    """Upper limits."""
    if given is None:
        return None
    budget = given.retry_budget
    said = kept(
        max_connections=given.max_connections,
        max_pending_requests=given.max_pending_requests,
        max_requests=given.max_requests,
        max_retries=given.max_retries,
    )
    if budget is not None:
        said["retry_budget"] = {"percent": number(budget.percent), "minimum": budget.minimum}
    return said


def outlier_detection(given: OutlierDetection | None) -> Data | None:
    """What is not as usual; at least how many failures, so that it says something."""
    if given is None:
        return None
    usual = _USUAL_DETECTION
    return {
        "consecutive_5xx": given.consecutive_5xx,
        **kept(
            consecutive_gateway_errors=given.consecutive_gateway_errors,
            interval=duration(_other(given.interval, usual.interval)),
            ejection_time=duration(_other(given.ejection_time, usual.ejection_time)),
            max_ejection_percent=changed(given.max_ejection_percent, usual.max_ejection_percent),
            min_health_percent=changed(given.min_health_percent, usual.min_health_percent),
            consecutive_local_failures=given.consecutive_local_failures,
            error_codes=several(given.error_codes),
        ),
    }


def _other(given: float, usual: float) -> float | None:
    return None if given == usual else given


def health_check(given: HealthCheck | None) -> object:
    """The path, if nothing else is said."""
    if given is None:
        return None
    usual = _USUAL_CHECK
    rest = kept(
        interval=duration(_other(given.interval, usual.interval)),
        timeout=duration(_other(given.timeout, usual.timeout)),
        unhealthy_after=changed(given.unhealthy_after, usual.unhealthy_after),
        healthy_after=changed(given.healthy_after, usual.healthy_after),
    )
    if given.path and not rest:
        return given.path
    return {"path": given.path, **rest}


def pool(given: ConnectionPool) -> Data:
    """How connections are made and kept."""
    return kept(
        lifetime=duration(given.max_connection_duration),
        requests=given.max_requests_per_connection,
        streams=given.max_concurrent_streams,
        upgrade_to_http2=given.upgrade_to_http2,
        use_client_protocol=yes(given.use_client_protocol),
        tcp_keepalive=keepalive(given.tcp_keepalive),
        http2_keepalive=keepalive(given.http2_keepalive),
        tcp_idle_timeout=duration(given.tcp_idle_timeout),
    )


def keepalive(given: Keepalive | None) -> Data | None:
    """Signs of life."""
    if given is None:
        return None
    return kept(
        time=duration(given.time),
        interval=duration(given.interval),
        probes=given.probes,
        timeout=duration(given.timeout),
    )


def client_tls(given: ClientTls | None, folder: str, namespace: str) -> object:
    """The mode, if nothing else is said."""
    if given is None:
        return None
    rest = kept(
        certificate=file(given.certificate_file, folder),
        key=file(given.key_file, folder),
        ca=file(given.ca_file, folder),
        secret=named(given.secret, namespace) if given.secret is not None else None,
        ca_maps=several([named(each, namespace) for each in given.ca_maps]),
        crl=file(given.crl_file, folder),
        server_name=given.server_name,
        names=several(given.subject_alt_names),
        insecure=yes(given.skips_verification),
    )
    if not rest:
        return True if given.mode is TlsMode.SIMPLE else str(given.mode)
    usual = TlsMode.MUTUAL if given.certificate_file else TlsMode.SIMPLE
    return {**kept(mode=changed(str(given.mode), str(usual))), **rest}


def tunnel(given: Tunnel | None) -> object:
    """`host:port`, if nothing else is said."""
    if given is None:
        return None
    if given.uses_post:
        return {"host": given.host, "port": given.port, "post": True}
    return f"[{given.host}]:{given.port}" if ":" in given.host else f"{given.host}:{given.port}"
