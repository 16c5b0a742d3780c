from __future__ import annotations

import pytest

from tests.dialects.traefik.reading import only, wrong
from tulle.model.names import Name
from tulle.model.policies import Balance, HealthCheck
from tulle.model.routers import Blend, Failover, Mirroring, Reference, Share, Sharing, Sticky


def service(text: str) -> object:
    return only(f"http: {{services: {{s: {{{text}}}}}}}")


def balancer(text: str = "") -> object:
    return service(f"loadBalancer: {{servers: [{{url: 'http://10.0.0.1'}}], {text}}}")


def ref(name: str) -> Reference:
    return Reference(Name("@file", name))


def test_what_is_usual() -> None:
    pool = balancer()
    assert pool.service.policy.load_balancing.balance is Balance.ROUND_ROBIN  # type: ignore[attr-defined]
    assert pool.service.is_outside and pool.passes_host and not pool.is_checked  # type: ignore[attr-defined]
    assert (pool.transport, pool.steps, pool.sticky) == (None, (), None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("strategy", "balance"),
    [
        ("wrr", Balance.ROUND_ROBIN),
        ("p2c", Balance.LEAST_REQUEST),
        ("leasttime", Balance.LEAST_REQUEST),
        ("hrw", Balance.MAGLEV),
    ],
)
def test_strategies(strategy: str, balance: Balance) -> None:
    pool = balancer(f"strategy: {strategy}")
    assert pool.service.policy.load_balancing.balance is balance  # type: ignore[attr-defined]


def test_checks_of_servers() -> None:
    pool = balancer("""healthCheck: {path: /up, interval: 1s, timeout: 2, unhealthyInterval: 500ms, method: HEAD,
      status: 204, port: 81, hostname: up.test, headers: {X-A: '1'}, mode: grpc, scheme: https},
      passiveHealthCheck: {failureWindow: 3s, maxFailedAttempts: 4}""")
    policy = pool.service.policy  # type: ignore[attr-defined]
    assert policy.health_check == HealthCheck(
        path="/up",
        interval=1.0,
        timeout=2.0,
        unhealthy_after=1,
        healthy_after=1,
        unhealthy_interval=0.5,
        method="HEAD",
        statuses=((204, 204),),
        port=81,
        host="up.test",
        headers=(("X-A", "1"),),
        is_grpc=True,
        scheme="https",
    )
    assert (policy.outlier_detection.consecutive_5xx, policy.outlier_detection.ejection_time) == (4, 3.0)
    assert pool.is_checked  # type: ignore[attr-defined]


def test_every_other_option() -> None:
    pool = service("""middlewares: [m], loadBalancer: {servers: [], passHostHeader: false, serversTransport: t,
      sticky: {cookie: {name: c, secure: true, httpOnly: true, sameSite: Lax, maxAge: 5, path: /x, domain: d}}}""")
    assert not pool.passes_host  # type: ignore[attr-defined]
    assert (pool.transport, pool.steps) == (ref("t"), (ref("m"),))  # type: ignore[attr-defined]
    assert pool.sticky == Sticky(  # type: ignore[attr-defined]
        name="c", path="/x", domain="d", max_age=5, same_site="lax", is_secure=True, is_http_only=True
    )
    assert balancer("sticky: {}").sticky == Sticky()  # type: ignore[attr-defined]


def test_services_made_of_services() -> None:
    blend = service("weighted: {services: [{name: a, weight: 3}, {name: b}], healthCheck: {}, sticky: {cookie: {}}}")
    assert isinstance(blend, Blend)
    assert blend.shares == (Share(to=ref("a"), weight=3), Share(to=ref("b")))
    assert blend.is_checked and blend.sticky == Sticky()
    by_client = service("highestRandomWeight: {services: [{name: a}]}")
    assert isinstance(by_client, Blend)
    assert by_client.sharing is Sharing.CLIENTS
    mirroring = service("mirroring: {service: a, maxBodySize: 9, mirrors: [{name: b, percent: 10}]}")
    assert isinstance(mirroring, Mirroring)
    assert (mirroring.service, mirroring.mirrors) == (ref("a"), ((ref("b"), 10.0),))
    assert mirroring.largest_body == 9
    failover = service("failover: {service: a, fallback: b, errors: {status: [500-502], maxRequestBodyBytes: 7}}")
    assert isinstance(failover, Failover)
    assert (failover.service, failover.fallback) == (ref("a"), ref("b"))
    assert (failover.statuses, failover.largest_body) == (((500, 502),), 7)
    plain = service("failover: {service: a, fallback: b}")
    assert isinstance(plain, Failover)
    assert (plain.statuses, plain.largest_body) == ((), -1)


def test_mistakes() -> None:
    assert wrong("""
http:
  services:
    a: {}
    b: {weighted: {}, mirroring: {service: x}}
    c: {mirroring: {service: x, mirrors: [{name: y, percent: 101}]}}
    d: {failover: {service: x, fallback: y, errors: {status: [x]}}}
    e: {loadBalancer: {servers: [{url: x}]}}
    f: {loadBalancer: {strategy: best}}
    g: {mirroring: {mirrors: [{name: y, percent: 10}]}}
    h: {failover: {service: x}}
""") == [
        "4: service a must be exactly one of loadBalancer, weighted, highestRandomWeight, mirroring, failover, "
        "not none of them",
        "5: service b must be exactly one of loadBalancer, weighted, highestRandomWeight, mirroring, failover, "
        "not 2 of them",
        '6: service c: "mirroring.mirrors[0].percent" must be at most 100, not 101',
        '7: service d: "failover.errors.status[0]" must be a status such as 500, or a range such as 500-599, not "x"',
        '8: service e: "loadBalancer.servers[0].url" must be a URL such as http://10.0.0.1:8080 '
        '(http, https, h2c or unix), not "x"',
        '9: service f: "loadBalancer.strategy" must be one of wrr, p2c, hrw, leasttime, not "best"',
        '10: service g: "mirroring.service" is missing; name a service',
        '11: service h: "failover.fallback" is missing; name a service',
    ]
