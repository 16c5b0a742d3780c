from __future__ import annotations

from tests.dialects.traefik.reading import only, read, wrong


def test_times_that_must_pass() -> None:
    text = """
http:
  services:
    s:
      loadBalancer:
        servers: []
        healthCheck: {interval: 0, timeout: 0s, unhealthyInterval: 0}
        passiveHealthCheck: {failureWindow: 0}
"""
    (pool,), findings = read(text)
    check, passive = pool.service.policy.health_check, pool.service.policy.outlier_detection
    assert (check.interval, check.timeout, check.unhealthy_interval, passive.ejection_time) == (30.0, 5.0, 30.0, 10.0)
    assert findings == [
        '7 warning: service s: "loadBalancer.healthCheck.interval" must be more than 0; the usual 30 seconds count',
        '7 warning: service s: "loadBalancer.healthCheck.timeout" must be more than 0; the usual 5 seconds count',
        '7 warning: service s: "loadBalancer.healthCheck.unhealthyInterval" must be more than 0; '
        "the usual 30 seconds count",
        '8 warning: service s: "loadBalancer.passiveHealthCheck.failureWindow" must be more than 0; '
        "the usual 10 seconds count",
    ]


def test_methods_in_any_case() -> None:
    pool = only("http: {services: {s: {loadBalancer: {servers: [], healthCheck: {method: head}}}}}")
    assert pool.service.policy.health_check.method == "HEAD"


def test_what_cannot_be_asked() -> None:
    assert wrong("""
http:
  services:
    a: {loadBalancer: {servers: [], healthCheck: {method: PURGE}}}
    b: {loadBalancer: {servers: [], healthCheck: {status: 1000}}}
    c: {loadBalancer: {servers: [], healthCheck: {port: 65536}}}
""") == [
        '4: service a: "loadBalancer.healthCheck.method" must be one of GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE, '
        'PATCH, not "PURGE"',
        '5: service b: "loadBalancer.healthCheck.status" must be a status from 100 to 599, not 1000',
        '6: service c: "loadBalancer.healthCheck.port" must be at most 65535, not 65536',
    ]
