"""What the engine says in odd forms; the rest is in test_reading."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sources.engine_double import container as inspected
from tulle.sources.labels.containers import Container, Surroundings, addresses, container
from tulle.sources.labels.decoding import Own, Unusable

ENABLED = Own(True)


@pytest.mark.parametrize(
    "said", [None, [], {}, {"Id": "a"}, {"Id": 1, "Name": "/a"}, {"Id": "a", "Name": "/a", "Config": {"Labels": []}}]
)
def test_what_is_no_container(said: Any) -> None:
    with pytest.raises(Unusable):
        container(said)


def test_what_is_missing_is_nothing() -> None:
    assert container({"Id": "a", "Name": "/b"}) == Container("a", "b", "b", {})
    said = inspected("web", {"a": "b"}, ports={"80/tcp": [("0.0.0.0", "8080")]}, health="none")
    found = container(said)
    assert (found.health, found.state, found.network_mode) == ("", "running", "bridge")
    assert found.ports["80/tcp"][0].port == "8080"


def test_the_network_of_another_that_has_that_of_another() -> None:
    a, b, c = (
        Container(name, name, name, {}, network_mode=mode)
        for name, mode in zip("abc", ("container:b", "container:c", "host"), strict=True)
    )
    around = Surroundings(host="192.0.2.1", containers={each.name: (each, ENABLED) for each in (a, b, c)})
    assert addresses(a, ENABLED, "", around, "80") == ("192.0.2.1:80",)


def test_two_that_use_each_others_network() -> None:
    a, b = (Container(name, name, name, {}, network_mode=f"container:{other}") for name, other in ("ab", "ba"))
    around = Surroundings(containers={"a": (a, ENABLED), "b": (b, ENABLED)})
    with pytest.raises(Unusable, match="does not exist"):
        addresses(a, ENABLED, "", around, "80")


def test_the_address_of_a_node() -> None:
    each = Container("a", "a", "a", {}, network_mode="host", node="192.0.2.7")
    assert addresses(each, ENABLED, "", Surroundings(), "80") == ("192.0.2.7:80",)
