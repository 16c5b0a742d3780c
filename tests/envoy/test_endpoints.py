from __future__ import annotations

import random

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import http, service
from tulle.envoy.compile import compile_endpoints
from tulle.envoy.endpoints import select
from tulle.model.services import Endpoint, Port, Protocol, Service, Subset

WEB = service(
    "web",
    http(80),
    Port(name="dns", number=53, protocol=Protocol.UDP),
    subsets=(Subset(name="v1", labels=(("version", "v1"),)),),
)
PLACES = (
    Endpoint(address="10.0.0.2", port=1, port_name="http", labels=(("version", "v1"), ("x", "y"))),
    Endpoint(address="10.0.0.1", port=2, port_name="http", labels=(("version", "v2"),)),
    Endpoint(address="10.0.0.3", port=3, port_name="dns"),
    Endpoint(address="/run/web.sock"),
    Endpoint(address="10.0.0.4", port=4, weight=0),
)


def addresses(cluster: str, places: tuple[Endpoint, ...] = PLACES, of: Service = WEB) -> list[str]:
    return [address(each) for each in found(cluster, places, of)]


def found(cluster: str, places: tuple[Endpoint, ...] = PLACES, of: Service = WEB) -> list[Json]:
    message = decoded(compile_endpoints(of, cluster, places))
    assert message["cluster_name"] == cluster
    return [each for group in message.get("endpoints", []) for each in group["lb_endpoints"]]


def address(endpoint: Json) -> str:
    place = endpoint["endpoint"]["address"]
    if "pipe" in place:
        return str(place["pipe"]["path"])
    return f"{place['socket_address']['address']}:{place['socket_address']['port_value']}"


def test_a_port_has_the_places_that_serve_it() -> None:
    assert addresses("outbound|80||web.default") == ["/run/web.sock", "10.0.0.1:2", "10.0.0.2:1"]


def test_a_version_has_the_places_with_its_labels() -> None:
    assert addresses("outbound|80|v1|web.default") == ["10.0.0.2:1"]


def test_what_does_not_exist_has_no_places() -> None:
    assert addresses("outbound|80|v9|web.default") == []
    assert addresses("outbound|81||web.default") == []
    assert addresses("something else") == []
    assert select(WEB, WEB.ports[0], "v9", PLACES) == ()


def test_udp_places_are_udp() -> None:
    (endpoint,) = found("outbound|53||web.default", PLACES[:3])
    assert endpoint["endpoint"]["address"]["socket_address"]["protocol"] == "UDP"


def test_weights_are_said_only_where_they_differ() -> None:
    heavy = (*PLACES, Endpoint(address="10.0.0.9", port=9, weight=5))
    assert all("load_balancing_weight" not in each for each in found("outbound|80||web.default"))
    weights = [each["load_balancing_weight"] for each in found("outbound|80||web.default", heavy)]
    assert sorted(weights) == [1, 1, 1, 5]


def test_equal_sets_have_equal_bytes() -> None:
    shuffled = list(PLACES)
    random.Random(1).shuffle(shuffled)
    one = compile_endpoints(WEB, "outbound|80||web.default", PLACES)
    other = compile_endpoints(WEB, "outbound|80||web.default", tuple(shuffled))
    assert one.version == other.version
    assert one.origins == (WEB.origin,)
