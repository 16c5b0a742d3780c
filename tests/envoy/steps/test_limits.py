from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tulle.envoy.steps import limits
from tulle.envoy.steps.parts import Native, Where, Work
from tulle.model import steps

HERE = Where("0", "router/1")
BY_ADDRESS = steps.SameClient(address=steps.ClientAddress())


def limited(**more: Any) -> tuple[Any, Any]:
    found = limits.rate(steps.LimitRate(**{"average": 1, "burst": 3, "by": BY_ADDRESS, **more}), HERE)
    work, native = found
    assert isinstance(work, Work)
    assert isinstance(native, Native)
    return work.request[0], native.filters[0]["typed_config"]


def test_every_client_has_a_bucket() -> None:
    noted, config = limited()
    assert noted == {"op": "note_client", "note": "0-client", "by": {"kind": "peer"}}
    (descriptor,) = config["descriptors"]
    assert descriptor["token_bucket"] == {"max_tokens": 3, "tokens_per_fill": 1, "fill_interval": "1.000000000s"}
    said = {each["header"]["key"]: each["header"]["value"] for each in config["response_headers_to_add"]}
    assert (said["Retry-After"], said["X-Retry-In"]) == ("1", "1s")


def test_fast_buckets_are_filled_with_several_tokens() -> None:
    _, config = limited(average=1000)
    (descriptor,) = config["descriptors"]
    assert descriptor["token_bucket"] == {"max_tokens": 3, "tokens_per_fill": 50, "fill_interval": "0.050000000s"}


def test_buckets_are_no_larger_than_envoy_has_them() -> None:
    _, config = limited(average=10**12, period=1e-9, burst=10**12)
    (descriptor,) = config["descriptors"]
    largest = 2**32 - 1
    expected = {"max_tokens": largest, "tokens_per_fill": largest, "fill_interval": "0.050000000s"}
    assert descriptor["token_bucket"] == expected


def test_clients_are_told_apart_by_what_is_asked_for() -> None:
    assert limited(by=steps.SameClient(header="X-A"))[0]["by"] == {"kind": "header", "header": "x-a"}
    assert limited(by=steps.SameClient(is_host=True))[0]["by"] == {"kind": "header", "header": ":authority"}


def test_no_average_is_no_limit() -> None:
    assert limits.rate(steps.LimitRate(average=0, burst=1, by=BY_ADDRESS), HERE) == ()


def test_what_envoy_cannot_count_is_asked_from_the_helper() -> None:
    networks = steps.SameClient(address=steps.ClientAddress(ipv6_bits=64))
    for step in (
        steps.LimitRate(average=1, burst=1, by=networks),
        steps.LimitRate(average=1, burst=1, by=BY_ADDRESS, redis=steps.Redis()),
    ):
        (native,) = limits.rate(step, HERE)
        assert isinstance(native, Native)
        assert native.said


def test_what_several_routes_count_together_is_asked_from_the_helper() -> None:
    (native,) = limits.rate(steps.LimitRate(average=1, burst=1, by=BY_ADDRESS), replace(HERE, is_split=True))
    assert isinstance(native, Native)
    ((_, said),) = native.said
    assert "router/1" in str(said)
    # Without it everybody passes.
    assert native.filters[0]["typed_config"]["failure_mode_allow"] is True


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250ms"), (1, "1s"), (1.5, "1.5s"), (90, "1m30s"), (3600, "1h0m0s"), (0.0001, "0.1ms"), (60, "1m0s")],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert limits.duration(seconds) == text


@pytest.mark.parametrize(("by", "headers"), [(BY_ADDRESS, frozenset()), (steps.SameClient(header="X-A"), None)])
def test_who_is_at_the_other_end_is_known_from_the_beginning(
    by: steps.SameClient, headers: frozenset[str] | None
) -> None:
    work, native = limits.rate(steps.LimitRate(average=1, burst=1, by=by), HERE)
    assert (work.headers, native.headers) == (headers, frozenset())
