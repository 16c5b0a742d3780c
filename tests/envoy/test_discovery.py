from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import http, service
from tulle.envoy import discovery
from tulle.envoy.endpoint_views import Preference, View
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

BY_NAME = (
    Endpoint(address="b.example", port=1, labels=(("v", "1"),)),
    Endpoint(address="a.example", port=2, locality=Locality(region="eu")),
)


def found(of: Service, port: Port | None = None, **view: Any) -> tuple[Json, str]:
    cluster = cluster_pb2.Cluster(name="outbound|8000||web.default")
    port = port or of.ports[0]
    name = discovery.find(of, port, View(service=of.name, port=port.number, **view), cluster)
    return as_json(cluster), name


def addresses(cluster: Json) -> list[str]:
    places = [each for group in cluster["load_assignment"].get("endpoints", []) for each in group["lb_endpoints"]]
    sockets = [each["endpoint"]["address"]["socket_address"] for each in places]
    return [f"{each['address']}:{each['port_value']}" for each in sockets]


def test_the_control_plane_tells_addresses() -> None:
    cluster, name = found(service("web", http()))
    assert cluster["type"] == "EDS"
    assert name == "outbound|8000||web.default"
    assert "service_name" not in cluster["eds_cluster_config"]


def test_a_part_is_told_under_the_name_of_its_view() -> None:
    cluster, name = found(service("web", http()), labels=(("version", "v1"),))
    assert name == cluster["eds_cluster_config"]["service_name"] == "outbound|8000|version=v1|web.default"


def test_names_are_resolved_by_the_proxy() -> None:
    for resolution in (Resolution.ENDPOINTS, Resolution.DNS):
        of = service("web", http(), addresses=BY_NAME, resolution=resolution)
        cluster, name = found(of)
        assert (cluster["type"], name) == ("STRICT_DNS", "")
        assert addresses(cluster) == ["a.example:2", "b.example:1"]
        assert addresses(found(of, labels=(("v", "1"),))[0]) == ["b.example:1"]


def test_near_names_have_priority() -> None:
    of = service("web", http(), addresses=BY_NAME, resolution=Resolution.DNS)
    cluster, _ = found(of, preference=Preference(near=Locality(region="eu")))
    assert [each.get("priority", 0) for each in cluster["load_assignment"]["endpoints"]] == [0, 1]


def test_only_the_first_address_of_the_first_name() -> None:
    of = service("web", http(), addresses=BY_NAME, resolution=Resolution.DNS_ROUND_ROBIN)
    cluster, _ = found(of, preference=Preference(near=Locality(region="eu")))
    assert (cluster["type"], addresses(cluster)) == ("LOGICAL_DNS", ["b.example:1"])
    nobody, _ = found(of, labels=(("v", "2"),))
    assert (nobody["type"], addresses(nobody)) == ("STRICT_DNS", [])


@pytest.mark.parametrize(("target", "port"), [(None, 80), (8080, 8080), ("web", 80)])
def test_without_endpoints_the_host_itself_is_resolved(target: int | str | None, port: int) -> None:
    where = Port(name="http", number=80, target=target)
    of = service("web", where, hosts=("api.example",), resolution=Resolution.DNS)
    assert addresses(found(of)[0]) == [f"api.example:{port}"]


def test_an_alias_is_resolved_instead() -> None:
    cluster, name = found(service("web", http(80), alias="other.example"))
    assert (cluster["type"], addresses(cluster), name) == ("STRICT_DNS", ["other.example:80"], "")


@pytest.mark.parametrize(
    ("resolution", "hosts"),
    [
        (Resolution.NONE, ("api.example",)),
        (Resolution.DYNAMIC_DNS, ("*.example",)),
        (Resolution.DNS, ("a.example", "b.example")),
        (Resolution.DNS_ROUND_ROBIN, ("*.example",)),
        (Resolution.DNS, ()),
    ],
)
def test_otherwise_the_request_says_where_to_go(resolution: Resolution, hosts: tuple[str, ...]) -> None:
    cluster, name = found(service("web", http(), resolution=resolution, hosts=hosts))
    assert cluster["cluster_type"]["name"] == "envoy.clusters.dynamic_forward_proxy"
    assert (cluster["lb_policy"], name) == ("CLUSTER_PROVIDED", "")


def test_datagrams_too() -> None:
    port = Port(name="dns", number=53, protocol=Protocol.UDP)
    cluster, _ = found(service("dns", port, addresses=BY_NAME[:1]))
    assert "UDP" in str(cluster["load_assignment"])
