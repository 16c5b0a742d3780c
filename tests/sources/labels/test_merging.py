from __future__ import annotations

from typing import Any

from tulle.kit.located import LocatedMap
from tulle.sources.labels.merging import folded, merged


def service(*urls: str, **options: str) -> dict[str, Any]:
    return {"http": {"services": {"s": {"loadBalancer": {**options, "servers": [{"url": url} for url in urls]}}}}}


def test_servers_are_collected_and_the_same_counts_once() -> None:
    found = merged([("one", service("http://a")), ("two", service("http://b", "http://a"))])
    assert found.contents == {"one": service("http://a", "http://b")}
    assert not found.errors
    assert isinstance(found.contents["one"]["http"]["services"], LocatedMap)


def test_case_of_keys_and_flags_means_nothing() -> None:
    one, two = service("http://a", passHostHeader="True"), service("http://b", passhostheader="true")
    assert not merged([("one", one), ("two", two)]).errors
    assert folded({"A": ["True", {"B": "x"}]}) == {"a": ["true", {"b": "x"}]}


def test_what_differs_is_left_out_everywhere() -> None:
    one, two = service("http://a", strategy="p2c"), service("http://a")
    found = merged([("one", one), ("two", two), ("three", {"tcp": {"routers": {"r": {"rule": "x"}}}})])
    assert found.contents == {"three": {"tcp": {"routers": {"r": {"rule": "x"}}}}}
    assert found.errors == (
        ("one", "service s is left out: two says something else of it"),
        ("two", "service s is left out: one says something else of it"),
    )


def test_other_kinds_must_agree() -> None:
    weighted: dict[str, Any] = {"http": {"services": {"s": {"weighted": {"services": []}}}}}
    assert merged([("one", weighted), ("two", service("http://a"))]).errors
    assert not merged([("one", weighted), ("two", weighted)]).errors
    (error, *_) = merged(
        [("one", {"udp": {"routers": {"r": {"a": "1"}}}}), ("one", {"udp": {"routers": {"r": {"a": "2"}}}})]
    ).errors
    assert error == ("one", "UDP router r is left out: it says something else of it")


def test_odd_forms_are_no_concern() -> None:
    odd = {"http": "x", "tcp": {"routers": "x"}}
    assert merged([("one", odd)]).contents == {}
    bare = {"http": {"services": {"s": {"loadBalancer": {"servers": "x"}}}}}
    assert merged([("one", bare), ("two", service("http://a"))]).contents == {"one": service("http://a")}
