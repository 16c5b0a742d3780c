from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.envoy import localities
from tulle.envoy.callers import Caller
from tulle.envoy.endpoint_views import Preference
from tulle.envoy.localities import fits, grouped
from tulle.model.policies import LoadBalancing, Locality, LocalityBalancing, OutlierDetection, Policy
from tulle.model.services import Endpoint

HERE = Caller(
    namespace="default", labels=(("version", "v1"),), locality=Locality(region="eu", zone="a", subzone="rack1")
)
PLACES = ("eu/a/rack1", "eu/a/rack2", "eu/b/rack1", "us/a", "asia/x", "")


def policy(*, notices: bool = True, **settings: object) -> Policy:
    locality = LocalityBalancing(**settings) if settings else None  # type: ignore[arg-type]
    detection = OutlierDetection() if notices else None
    return Policy(load_balancing=LoadBalancing(locality=locality), outlier_detection=detection)


def endpoint(place: str, number: int = 1, **more: object) -> Endpoint:
    locality = Locality.parse(place) if place else None
    return Endpoint(address=f"10.0.0.{number}", port=1, locality=locality, **more)  # type: ignore[arg-type]


def priorities(wish: Preference, endpoints: list[Endpoint]) -> dict[str, int]:
    return {each.address: group.priority for group in grouped(endpoints, wish) for each in group.endpoints}


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("*", True),
        ("eu", True),
        ("eu/*", True),
        ("eu/a/*", True),
        ("eu/a/rack1", True),
        ("eu/*/rack1", True),
        ("us", False),
        ("eu/b", False),
        ("eu/a/rack2", False),
    ],
)
def test_patterns_of_localities(pattern: str, is_meant: bool) -> None:
    assert fits(Locality(region="eu", zone="a", subzone="rack1"), pattern) is is_meant


def test_whoever_notices_failures_prefers_what_is_near() -> None:
    assert localities.preference(policy(), HERE) == Preference(near=HERE.locality)
    assert localities.preference(policy(failover=(("eu", "us"),)), HERE) == Preference(near=HERE.locality, refuge="us")
    assert localities.preference(policy(failover=(("us", "eu"),)), HERE) == Preference(near=HERE.locality)


def test_nobody_prefers_anything_who_does_not_notice_failures_or_does_not_know_where_he_is() -> None:
    assert localities.preference(policy(notices=False), HERE) is None
    assert localities.preference(policy(notices=False, failover=(("eu", "us"),)), HERE) is None
    assert localities.preference(policy(), replace(HERE, locality=None)) is None
    assert localities.preference(policy(is_enabled=False), HERE) is None


def test_shares_depend_on_where_the_caller_is() -> None:
    to = (("eu/*", 80), ("us/*", 20))
    settings = policy(notices=False, distribute=(("us/*", ()), ("eu/a/*", to)))
    assert localities.preference(settings, HERE) == Preference(shares=to)
    assert localities.preference(settings, replace(HERE, locality=Locality(region="asia"))) is None


def test_labels_that_good_endpoints_have_are_those_of_the_caller_or_written() -> None:
    wanted = ("version", "topology.kubernetes.io/region", "topology.istio.io/network=n1", "x")
    assert localities.preference(policy(failover_priority=wanted), HERE) == Preference(
        labels=(
            ("version", "v1"),
            ("topology.kubernetes.io/region", "eu"),
            ("topology.istio.io/network", "n1"),
            ("x", ""),
        )
    )


def test_endpoints_are_the_worse_the_farther_away() -> None:
    assert HERE.locality is not None
    endpoints = [endpoint(place, number) for number, place in enumerate(PLACES)]
    found = priorities(Preference(near=HERE.locality), endpoints)
    assert list(found.values()) == [0, 1, 2, 3, 3, 3]
    refuge = priorities(Preference(near=HERE.locality, refuge="us"), endpoints)
    assert [refuge[f"10.0.0.{number}"] for number in range(6)] == [0, 1, 2, 3, 4, 4]


def test_priorities_have_no_gaps() -> None:
    assert HERE.locality is not None
    endpoints = [endpoint("eu/b", 1), endpoint("asia/x", 2)]
    assert priorities(Preference(near=HERE.locality, refuge="us"), endpoints) == {"10.0.0.1": 0, "10.0.0.2": 1}


def test_the_more_labels_fit_the_better() -> None:
    wish = Preference(labels=(("topology.istio.io/network", "n1"), ("topology.kubernetes.io/zone", "a"), ("v", "1")))
    endpoints = [
        endpoint("eu/a", 1, network="n1", labels=(("v", "1"),)),
        endpoint("eu/a", 2, network="n1"),
        endpoint("eu/b", 3, network="n1"),
        endpoint("eu/a", 4, network="n2", labels=(("v", "1"),)),
    ]
    assert priorities(wish, endpoints) == {f"10.0.0.{number}": number - 1 for number in range(1, 5)}


def test_shares_are_divided_by_the_weights_of_what_is_there() -> None:
    endpoints = [endpoint("eu/a", 1), endpoint("eu/b", 2, weight=3), endpoint("us/a", 3), endpoint("asia/x", 4)]
    wish = Preference(shares=(("eu/*", 80), ("us/a", 20), ("asia", 0), ("nowhere", 5)))
    found = {str(group.locality): group.weight for group in grouped(endpoints, wish)}
    assert found == {"eu/a": 20, "eu/b": 60, "us/a": 20}


def test_the_more_exact_share_counts() -> None:
    endpoints = [endpoint("eu/a", 1), endpoint("eu/b", 2), endpoint("", 3)]
    wish = Preference(shares=(("*", 10), ("eu/*", 20), ("eu/a", 70)))
    assert {str(group.locality): group.weight for group in grouped(endpoints, wish)} == {"": 10, "eu/a": 70, "eu/b": 20}
