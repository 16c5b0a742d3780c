from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment
from tulle.model.policies import Balance, TlsMode

Read = Callable[[str], Fragment]


def test_a_version_has_the_policy_of_the_service_but_for_what_it_says(read: Read) -> None:
    (service,) = read(
        "services: {web: {port: 1, command: x, load_balancing: random, idle_timeout: 1s, proxy_protocol: 2, versions: "
        "{v1: {}, v2: {circuit_breaker: {max_requests: 1}}, v3: {load_balancing: round_robin, outlier_detection: {}, "
        "connections: {requests: 1}, tls: disable}}}}"
    ).services
    first, second, third = service.subsets
    assert service.policy.proxy_protocol == 2 and first.policy is None
    assert second.policy is not None and second.policy.circuit_breaker is not None
    assert second.policy.load_balancing.balance is Balance.RANDOM and second.policy.idle_timeout == 1
    assert third.policy is not None and third.policy.tls is not None
    assert third.policy.load_balancing.balance is Balance.ROUND_ROBIN and third.policy.tls.mode is TlsMode.DISABLE
    assert third.policy.outlier_detection is not None and third.policy.pool.max_requests_per_connection == 1
