from __future__ import annotations

from tests.envoy.decoded import as_json, decoded
from tests.envoy.kitchen import HERE
from tulle.envoy.counted import counted
from tulle.envoy.streams import CLIENT, Stream, tcp_proxy
from tulle.model import consulting
from tulle.model.consulting import InFlight
from tulle.model.steps import AllowAddresses, LimitConnections, SameClient
from tulle.xds.snapshot import CLUSTER, LISTENER


def test_nobody_counts_what_nobody_limits() -> None:
    stream = Stream(shares=(("c", 1),), steps=(AllowAddresses(ranges=()),))
    assert counted(stream, "l", HERE) == (stream, ())


def test_connections_are_requests_within_envoy() -> None:
    stream = Stream(shares=(("a", 1), ("b", 2)), steps=(LimitConnections(amount=2), LimitConnections(amount=5)))
    way, (listener, cluster) = counted(stream, "l", HERE)
    assert way.shares == (("counted|l", 1),)
    assert (listener.type_url, cluster.type_url) == (LISTENER, CLUSTER)
    assert {listener.name, cluster.name} == {"counted|l"}
    proxy = as_json(tcp_proxy("edge", *way.shares, handling=way.handling))["typed_config"]
    (header,) = proxy["tunneling_config"]["headers_to_add"]
    assert header["header"] == {"key": CLIENT, "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}


def test_requests_are_counted_by_client_until_they_end() -> None:
    stream = Stream(shares=(("a", 1), ("b", 2)), steps=(LimitConnections(amount=2), LimitConnections(amount=5)))
    _, (listener, cluster) = counted(stream, "l", HERE)
    (chain,) = decoded(listener)["filter_chains"]
    manager = chain["filters"][0]["typed_config"]
    *counting, router = manager["http_filters"]
    said = [each["typed_config"]["grpc_service"]["initial_metadata"][0] for each in counting]
    assert [consulting.from_text(each["value"]) for each in said] == [
        InFlight(id=f"l/{place}", amount=amount, by=SameClient(header=CLIENT)) for place, amount in enumerate((2, 5))
    ]
    assert router["name"] == "router"
    (route,) = manager["route_config"]["virtual_hosts"][0]["routes"]
    assert [each["name"] for each in route["route"]["weighted_clusters"]["clusters"]] == ["a", "b"]
    assert manager["stream_idle_timeout"] == "0s"
    (endpoint,) = decoded(cluster)["load_assignment"]["endpoints"][0]["lb_endpoints"]
    address = endpoint["endpoint"]["address"]["envoy_internal_address"]
    assert address["server_listener_name"] == listener.name
