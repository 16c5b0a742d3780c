from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import backend
from tulle.envoy import stays
from tulle.model.routes import Seat, Stay

STAY = Stay(
    cookie="who",
    attributes="; Path=/",
    places=(
        Seat(hostname="10.0.0.1:80", address="10.0.0.1:80", value="aa", old_values=("http://10.0.0.1",)),
        Seat(hostname="a.test", address="", value="bb"),
    ),
)


def context(message: Json) -> Json:
    found: Json = message["typed_per_filter_config"]["stay"]["filter_context"]
    return found


def test_a_route_says_who_sits_where() -> None:
    message = route_components_pb2.Route()
    stays.tell([backend("web", stays=STAY)], message)
    assert context(as_json(message)) == {
        "cookie": "who",
        "attributes": "; Path=/",
        "seats": {"10.0.0.1:80": "aa", "a.test": "bb"},
        "places": {"aa": "10.0.0.1:80", "bb": "a.test"},
        "old": {"http://10.0.0.1": "10.0.0.1:80"},
    }
    (header,) = as_json(message)["response_headers_to_add"]
    assert header["header"]["key"] == "x-tulle-endpoint"


def test_each_share_says_it_for_itself() -> None:
    message = route_components_pb2.Route()
    clusters = message.route.weighted_clusters.clusters
    clusters.add(name="a")
    clusters.add(name="b")
    stays.tell([backend("a"), backend("b", stays=STAY)], message)
    first, second = as_json(message)["route"]["weighted_clusters"]["clusters"]
    assert first == {"name": "a"}
    assert context(second)["cookie"] == "who"
