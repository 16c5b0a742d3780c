from __future__ import annotations

import random
from dataclasses import replace

from tests.envoy.decoded import Json, as_json, decoded
from tests.envoy.kitchen import http, service
from tulle.envoy.compile import compile_endpoints
from tulle.envoy.endpoints import load_assignment
from tulle.model.policies import HealthCheck, LoadBalancing, Locality, Policy
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
    assert addresses("outbound|80|version=v1|web.default") == ["10.0.0.2:1"]


def test_what_does_not_exist_has_no_places() -> None:
    assert addresses("outbound|80|version=v9|web.default") == []
    assert addresses("outbound|81||web.default") == []
    assert addresses("something else") == []


def test_udp_places_are_udp() -> None:
    (endpoint,) = found("outbound|53||web.default", PLACES[:3])
    assert endpoint["endpoint"]["address"]["socket_address"]["protocol"] == "UDP"


def test_weights_are_said_only_where_they_differ() -> None:
    heavy = (*PLACES, Endpoint(address="10.0.0.9", port=9, weight=5))
    assert all("load_balancing_weight" not in each for each in found("outbound|80||web.default"))
    weights = [each["load_balancing_weight"] for each in found("outbound|80||web.default", heavy)]
    assert sorted(weights) == [1, 1, 1, 5]


def test_names_are_not_for_endpoint_discovery() -> None:
    assert addresses("outbound|80||web.default", (Endpoint(address="db.example", port=1), *PLACES[:1])) == [
        "10.0.0.2:1"
    ]


def test_what_is_not_ready_is_not_called() -> None:
    places = (PLACES[0], replace(PLACES[1], is_ready=False))
    assert addresses("outbound|80||web.default", places) == ["10.0.0.2:1"]


def test_what_is_about_to_end_is_called_only_if_there_is_nothing_else() -> None:
    ending = tuple(replace(each, is_draining=True) for each in PLACES[:2])
    assert all("health_status" not in each for each in found("outbound|80||web.default", ending))
    both = found("outbound|80||web.default", (*ending, PLACES[3]))
    assert [each.get("health_status") for each in both] == [None, "DRAINING", "DRAINING"]


def test_where_only_some_have_sidecars_the_others_are_marked() -> None:
    places = (Endpoint(address="10.0.0.1", port=1), Endpoint(address="10.0.0.2", port=1, is_meshed=True))
    mixed = service("web", http(80), addresses=places)
    marks = [each.get("metadata") for each in found("outbound|80||web.default", places, mixed)]
    assert marks == [{"filter_metadata": {"envoy.transport_socket_match": {"plain": "yes"}}}, None]
    assert all("metadata" not in each for each in found("outbound|80||web.default", places))


def groups(view: str, places: tuple[Endpoint, ...]) -> list[Json]:
    found: list[Json] = decoded(compile_endpoints(WEB, view, places))["endpoints"]
    return found


def test_near_places_have_priority() -> None:
    eu, us = Locality(region="eu", zone="a", subzone="r"), Locality(region="us")
    places = (replace(PLACES[0], locality=us), replace(PLACES[1], locality=eu), PLACES[3])
    first, *others = groups("outbound|80||web.default|near;eu/a/r;", places)
    assert first["locality"] == {"region": "eu", "zone": "a", "sub_zone": "r"}
    assert "priority" not in first
    assert [(each.get("locality"), each["priority"]) for each in others] == [(None, 1), ({"region": "us"}, 1)]
    plain = groups("outbound|80||web.default", places)
    assert [set(each) for each in plain] == [{"lb_endpoints"}]


def test_places_have_their_shares() -> None:
    places = (replace(PLACES[0], locality=Locality(region="eu")), replace(PLACES[1], locality=Locality(region="us")))
    weights = {
        each["locality"]["region"]: each["load_balancing_weight"]
        for each in groups("outbound|80||web.default|shares;eu=70;us=30", places)
    }
    assert weights == {"eu": 70, "us": 30}


def test_equal_sets_have_equal_bytes() -> None:
    shuffled = list(PLACES)
    random.Random(1).shuffle(shuffled)
    one = compile_endpoints(WEB, "outbound|80||web.default", PLACES)
    other = compile_endpoints(WEB, "outbound|80||web.default", tuple(shuffled))
    assert one.version == other.version
    assert one.origins == (WEB.origin,)


def test_endpoints_that_have_a_name_of_their_own() -> None:
    named = Endpoint(address="10.0.0.1", port=1, hostname="a.test:1")
    (entry,) = found("outbound|80||web.default", (named,))
    assert entry["endpoint"]["hostname"] == "a.test:1"


def test_checks_at_another_port() -> None:
    policy = Policy(health_check=HealthCheck(port=99))
    (entry,) = found("outbound|80||web.default", (PLACES[1],), replace(WEB, policy=policy))
    assert entry["endpoint"]["health_check_config"] == {"port_value": 99}


def test_one_that_is_well_is_enough() -> None:
    policy = Policy(load_balancing=LoadBalancing(stays_while_any_is_well=True))
    message = decoded(compile_endpoints(replace(WEB, policy=policy), "outbound|80||web.default", PLACES))
    assert message["policy"] == {"overprovisioning_factor": 1_000_000}


def test_endpoints_are_called_in_logs_as_they_are_written() -> None:
    found = as_json(load_assignment("a", (Endpoint(address="10.0.0.1", port=1, url="http://10.0.0.1:1/"),)))
    (endpoint,) = found["endpoints"][0]["lb_endpoints"]
    assert endpoint["metadata"]["filter_metadata"] == {"tulle.written": {"url": "http://10.0.0.1:1/"}}
