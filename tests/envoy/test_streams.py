from __future__ import annotations

import pytest

from tests.envoy.decoded import Json, as_json
from tulle.envoy import streams
from tulle.model.policies import Balance, ConnectionPool, HashOn, LoadBalancing, Policy, Tunnel


def treated(policy: Policy) -> Json:
    proxy = streams.TcpProxy()
    streams.treat(policy, proxy)
    return as_json(proxy)


def test_an_idle_connection_is_not_a_broken_one() -> None:
    assert treated(Policy()) == {"idle_timeout": "0s"}
    by_header = LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(header="x"))
    assert treated(Policy(load_balancing=by_header)) == {"idle_timeout": "0s"}


def test_limits_of_connections() -> None:
    pool = ConnectionPool(tcp_idle_timeout=9, max_connection_duration=60)
    by_source = LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(source_ip=True))
    assert treated(Policy(pool=pool, load_balancing=by_source)) == {
        "idle_timeout": "9s",
        "max_downstream_connection_duration": "60s",
        "hash_policy": [{"source_ip": {}}],
    }


@pytest.mark.parametrize(
    ("tunnel", "expected"),
    [
        (Tunnel(host="db.example", port=5432), {"hostname": "db.example:5432"}),
        (Tunnel(host="fd00::1", port=1, uses_post=True), {"hostname": "[fd00::1]:1", "use_post": True}),
    ],
)
def test_through_a_proxy(tunnel: Tunnel, expected: Json) -> None:
    assert treated(Policy(tunnel=tunnel))["tunneling_config"] == expected
