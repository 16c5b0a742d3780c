from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Balance
from tulle.model.services import Destination, Subset

Read = Callable[[str], Fragment]


def destination(read: Read, spec: str) -> Destination:
    fragment = read(document("DestinationRule", spec, metadata=", creationTimestamp: '2026'"))
    assert findings(fragment) == []
    (found,) = fragment.objects
    assert isinstance(found, Destination)
    return found


def test_hosts_subsets_and_callers(read: Read) -> None:
    found = destination(
        read,
        "host: a\nexportTo: [.]\nworkloadSelector: {matchLabels: {b: c}}\n"
        "subsets: [{name: v1, labels: {z: '1', version: v1}}, {name: all}]",
    )
    assert (found.name, found.host, found.created) == (Name("shop", "it"), "a.shop.svc.cluster.local", "2026")
    assert (found.exports, found.clients, found.policy) == ((".",), (("b", "c"),), None)
    assert found.subsets == (
        Subset(name="v1", labels=(("version", "v1"), ("z", "1"))),
        Subset(name="all", labels=()),
    )


def test_subsets_change_groups_of_the_policy_of_the_host(read: Read) -> None:
    found = destination(
        read,
        """
        host: "*.example.org"
        trafficPolicy:
          loadBalancer: {simple: RANDOM}
          connectionPool: {tcp: {maxConnections: 1}}
          portLevelSettings:
          - port: {number: 80}
            loadBalancer: {simple: ROUND_ROBIN}
          - port: {number: 81}
            connectionPool: {tcp: {maxConnections: 81}}
        subsets:
        - name: v1
          trafficPolicy:
            connectionPool: {tcp: {maxConnections: 2}}
            portLevelSettings:
            - port: {number: 81}
        """,
    )
    (subset,) = found.subsets
    assert found.policy is not None
    assert subset.policy is not None
    assert subset.policy.load_balancing == found.policy.load_balancing
    assert subset.policy.circuit_breaker is not None
    assert subset.policy.circuit_breaker.max_connections == 2
    ports = dict(subset.port_policies)
    assert ports[80].load_balancing.balance is Balance.ROUND_ROBIN
    assert ports[80].circuit_breaker == subset.policy.circuit_breaker
    assert ports[81].circuit_breaker is None


def test_a_subset_notices_failures_by_the_policy_of_the_host(read: Read) -> None:
    locality = "{localityLbSetting: {failover: [{from: a, to: b}]}}"
    found = destination(
        read,
        "host: a\ntrafficPolicy: {outlierDetection: {}}\n"
        f"subsets: [{{name: v1, trafficPolicy: {{loadBalancer: {locality}}}}}]",
    )
    assert found.subsets[0].policy is not None
    assert found.subsets[0].policy.load_balancing.locality is not None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{}", '4 error: "spec.host" is missing'),
        (
            "host: a\nsubsets: [{name: v1}, {name: v1}]",
            '6 error: "spec.subsets[1].name" is "v1", which is written before; give each subset its own name',
        ),
    ],
)
def test_mistakes(read: Read, spec: str, expected: str) -> None:
    fragment = read(document("DestinationRule", spec))
    assert findings(fragment) == [expected]
    assert fragment.objects == ()
