from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.policies import Balance, HashOn, LoadBalancing, LocalityBalancing
from tulle.model.services import Destination

Read = Callable[[str], Fragment]
OUTLIERS = "outlierDetection: {}"


def one(text: str, others: str = "") -> str:
    return document("DestinationRule", f"host: a\ntrafficPolicy: {{{others}loadBalancer: {text}}}")


def policy(read: Read, text: str, others: str = "") -> LoadBalancing:
    fragment = read(one(text, others))
    assert findings(fragment) == []
    (destination,) = fragment.objects
    assert isinstance(destination, Destination)
    assert destination.policy is not None
    return destination.policy.load_balancing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", LoadBalancing()),
        ("{simple: LEAST_CONN}", LoadBalancing()),
        ("{simple: UNSPECIFIED}", LoadBalancing()),
        ("{simple: ROUND_ROBIN}", LoadBalancing(balance=Balance.ROUND_ROBIN)),
        ("{simple: RANDOM}", LoadBalancing(balance=Balance.RANDOM)),
        ("{simple: PASSTHROUGH}", LoadBalancing(balance=Balance.PASSTHROUGH)),
        (
            "{warmup: {duration: 30s, aggression: 2, minimumPercent: 5}}",
            LoadBalancing(slow_start=30.0, slow_start_aggression=2.0, slow_start_minimum_percent=5.0),
        ),
        ("{warmupDurationSecs: 10s}", LoadBalancing(slow_start=10.0)),
        (
            "{consistentHash: {httpHeaderName: X-User}}",
            LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(header="x-user"), minimum_ring_size=1024),
        ),
        (
            "{consistentHash: {useSourceIp: true, minimumRingSize: 10}}",
            LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(source_ip=True), minimum_ring_size=10),
        ),
        (
            "{consistentHash: {httpQueryParameterName: q, ringHash: {minimumRingSize: 20}}}",
            LoadBalancing(balance=Balance.RING_HASH, hash_on=HashOn(query="q"), minimum_ring_size=20),
        ),
        (
            "{consistentHash: {httpCookie: {name: c, ttl: 0s, path: /p, attributes: [{name: SameSite, value: Lax}]}, "
            "maglev: {tableSize: 65537}}}",
            LoadBalancing(
                balance=Balance.MAGLEV,
                hash_on=HashOn(cookie="c", cookie_ttl=0.0, cookie_path="/p", cookie_attributes=(("SameSite", "Lax"),)),
                table_size=65537,
            ),
        ),
        (
            "{consistentHash: {httpCookie: {name: c}, maglev: {}}}",
            LoadBalancing(balance=Balance.MAGLEV, hash_on=HashOn(cookie="c")),
        ),
        (
            "{localityLbSetting: {distribute: [{from: a/b/*, to: {a/b/*: 80, a/c/*: 20}}]}}",
            LoadBalancing(locality=LocalityBalancing(distribute=(("a/b/*", (("a/b/*", 80), ("a/c/*", 20))),))),
        ),
        ("{localityLbSetting: {enabled: true}}", LoadBalancing()),
    ],
)
def test_ways_to_choose(read: Read, text: str, expected: LoadBalancing) -> None:
    assert policy(read, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", LocalityBalancing()),
        ("{localityLbSetting: {enabled: false}}", None),
        ("{localityLbSetting: {failover: [{from: a, to: b}]}}", LocalityBalancing(failover=(("a", "b"),))),
        ("{localityLbSetting: {failoverPriority: [x, y=z]}}", LocalityBalancing(failover_priority=("x", "y=z"))),
    ],
)
def test_near_endpoints_are_preferred_where_failures_are_noticed(
    read: Read, text: str, expected: LocalityBalancing | None
) -> None:
    assert policy(read, text, f"{OUTLIERS}, ").locality == expected


def test_near_endpoints_are_preferred_even_if_nobody_says_so(read: Read) -> None:
    (destination,) = read(document("DestinationRule", f"host: a\ntrafficPolicy: {{{OUTLIERS}}}")).objects
    assert isinstance(destination, Destination)
    assert destination.policy is not None
    assert destination.policy.load_balancing == LoadBalancing(locality=LocalityBalancing())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{simple: RANDOM, consistentHash: {useSourceIp: true}}",
            'error: "{}.simple" cannot stand beside consistentHash; write one of them',
        ),
        (
            "{consistentHash: {useSourceIp: false}}",
            'error: "{}.consistentHash" takes exactly one of httpHeaderName, httpCookie, useSourceIp, '
            "httpQueryParameterName",
        ),
        (
            "{consistentHash: {useSourceIp: true, maglev: {}, ringHash: {}}}",
            'error: "{}.consistentHash.maglev" cannot stand beside ringHash; write one of them',
        ),
        (
            "{consistentHash: {useSourceIp: true, maglev: {tableSize: 100}}}",
            'error: "{}.consistentHash.maglev.tableSize" must be a prime number, not 100',
        ),
        (
            "{warmup: {duration: 1s}, warmupDurationSecs: 1s}",
            'error: "{}.warmupDurationSecs" cannot stand beside warmup; write only warmup',
        ),
        (
            "{simple: RANDOM, warmup: {duration: 1s}}",
            'warning: "{}.warmup" has no effect: only ROUND_ROBIN and LEAST_REQUEST know new endpoints',
        ),
        (
            "{simple: RANDOM, warmupDurationSecs: 1s}",
            'warning: "{}.warmupDurationSecs" has no effect: only ROUND_ROBIN and LEAST_REQUEST know new endpoints',
        ),
        (
            "{localityLbSetting: {distribute: [{from: a, to: {a: 50, b: 49}}]}}",
            'error: "{}.localityLbSetting.distribute[0].to" sums up to 99; make it 100',
        ),
        (
            "{localityLbSetting: {failover: [{from: a, to: b}]}}",
            'warning: "{}.localityLbSetting.failover" has no effect without outlierDetection, '
            "which finds out who fails",
        ),
        (
            "{zoneAwareLbSetting: {enabled: true}}",
            'warning: "{}.zoneAwareLbSetting" has no effect: write localityLbSetting, which prefers near endpoints by '
            "their health",
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"6 {expected.replace('{}', 'spec.trafficPolicy.loadBalancer')}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{distribute: [{from: a, to: {a: 100}}], failover: [{from: a, to: b}]}",
            'error: "{}.distribute" cannot stand beside failover; write one of them',
        ),
        (
            "{failover: [{from: a, to: b}], failoverPriority: [x]}",
            'warning: "{}.failover" has no effect beside failoverPriority',
        ),
        ("{failover: [{from: a, to: a}]}", 'error: "{}.failover[0]" has the same region on both sides'),
    ],
)
def test_mistakes_about_places(read: Read, text: str, expected: str) -> None:
    path = "spec.trafficPolicy.loadBalancer.localityLbSetting"
    found = findings(read(one(f"{{localityLbSetting: {text}}}", f"{OUTLIERS}, ")))
    assert found == [f"6 {expected.replace('{}', path)}"]
