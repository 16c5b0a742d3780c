from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.dialects.istio import traffic_policy
from tulle.dialects.istio.traffic_policy import TrafficPolicy
from tulle.model.mesh import Fragment
from tulle.model.policies import Balance, ConnectionPool, Policy, Tunnel
from tulle.model.services import Destination

Read = Callable[[str], Fragment]


def one(text: str) -> str:
    return document("DestinationRule", f"host: a\ntrafficPolicy: {text}")


def destination(read: Read, text: str) -> Destination:
    fragment = read(one(text))
    assert findings(fragment) == []
    (found,) = fragment.objects
    assert isinstance(found, Destination)
    return found


def test_every_group_is_taken_as_a_whole() -> None:
    base = TrafficPolicy.model_validate(
        {"connectionPool": {"tcp": {"maxConnections": 1}}, "loadBalancer": {"simple": "RANDOM"}, "tls": {}}
    )
    special = TrafficPolicy.model_validate({"connectionPool": {"http": {"maxRetries": 2}}})
    found = traffic_policy.merged(base, special)
    assert (found.load_balancer, found.tls) == (base.load_balancer, base.tls)
    assert found.connection_pool == special.connection_pool


def test_ports_have_policies_of_their_own(read: Read) -> None:
    found = destination(
        read,
        "{loadBalancer: {simple: RANDOM}, portLevelSettings: [{port: {number: 90}, connectionPool: {tcp: "
        "{maxConnections: 1}}}, {port: {number: 80}}]}",
    )
    (first, first_policy), (second, second_policy) = found.port_policies
    assert (first, second) == (80, 90)
    assert first_policy == Policy(connect_timeout=10.0, pool=ConnectionPool(tcp_idle_timeout=3600.0))
    assert second_policy.load_balancing.balance is Balance.LEAST_REQUEST
    assert second_policy.circuit_breaker is not None


def test_ports_keep_what_only_the_whole_host_can_say(read: Read) -> None:
    found = destination(
        read,
        "{retryBudget: {percent: 33}, proxyProtocol: {version: V2}, loadBalancer: {simple: RANDOM}, "
        "portLevelSettings: [{port: {number: 80}}]}",
    )
    ((_, policy),) = found.port_policies
    assert found.policy is not None and policy.proxy_protocol == found.policy.proxy_protocol == 2
    assert policy.circuit_breaker is not None and policy.circuit_breaker.retry_budget is not None
    assert policy.load_balancing != found.policy.load_balancing


def test_tunnels(read: Read) -> None:
    found = destination(read, "{tunnel: {targetHost: b.example, targetPort: 443}}")
    assert found.policy is not None
    assert found.policy.tunnel == Tunnel(host="b.example", port=443)
    found = destination(read, "{tunnel: {protocol: POST, targetHost: b.example, targetPort: 443}}")
    assert found.policy is not None
    assert found.policy.tunnel == Tunnel(host="b.example", port=443, uses_post=True)


def test_the_proxy_protocol(read: Read) -> None:
    for text, version in (("{}", 1), ("{version: V2}", 2)):
        policy = destination(read, f"{{proxyProtocol: {text}}}").policy
        assert policy is not None
        assert policy.proxy_protocol == version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{portLevelSettings: [{port: {}}]}", '"spec.trafficPolicy.portLevelSettings[0].port" needs a number'),
        (
            "{portLevelSettings: [{port: {number: 1}}, {port: {number: 1}}]}",
            '"spec.trafficPolicy.portLevelSettings[1].port" has port 1, which is written before; write it once',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"6 error: {expected}"]


def test_ports_without_numbers_have_no_policies() -> None:
    assert traffic_policy.ports(TrafficPolicy.model_validate({"portLevelSettings": [{"port": {}}]})) == {}
