from __future__ import annotations

import pytest

from tulle.model.policies import Balance, Locality, Policy, Retry


def test_by_default_requests_go_to_the_less_busy_of_two_and_nothing_is_limited() -> None:
    policy = Policy()
    assert policy.load_balancing.balance is Balance.LEAST_REQUEST
    limits = (policy.circuit_breaker, policy.outlier_detection, policy.rate_limit, policy.health_check)
    assert limits == (None, None, None, None)
    assert policy == Policy()


def test_by_default_nothing_unsafe_is_repeated() -> None:
    assert not Retry().non_idempotent
    assert not Retry().conditions and not Retry().status_codes


def test_a_locality_is_read_and_shown_as_it_is_written() -> None:
    assert Locality.parse("eu/west/a") == Locality(region="eu", zone="west", subzone="a")
    assert str(Locality.parse("eu")) == "eu"
    assert str(Locality.parse("eu/west/a")) == "eu/west/a"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((("app", "web"),), None),
        ((("topology.kubernetes.io/region", "eu"), ("topology.kubernetes.io/zone", "a")), "eu/a"),
        ((("topology.kubernetes.io/zone", "a"), ("topology.istio.io/subzone", "r")), "/a/r"),
        ((("istio-locality", "eu.a.r"), ("topology.kubernetes.io/region", "us")), "eu/a/r"),
    ],
)
def test_labels_tell_where_something_is(labels: tuple[tuple[str, str], ...], expected: str | None) -> None:
    found = Locality.of(labels)
    assert (str(found) if found else None) == expected


def test_a_locality_is_told_by_labels() -> None:
    assert Locality.parse("eu//r").labels == (
        ("topology.kubernetes.io/region", "eu"),
        ("topology.istio.io/subzone", "r"),
    )
    assert Locality.of(Locality.parse("eu/a/r").labels) == Locality.parse("eu/a/r")
