from __future__ import annotations

import dataclasses
import json

import pytest

from tests.envoy.decoded import Json, as_json, decoded
from tests.envoy.kitchen import HERE, http, service
from tulle.envoy import listeners
from tulle.envoy.streams import Stream
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Policy, RateLimit
from tulle.model.security import Rule
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Binding, Forward

SETTINGS = Settings()
ANYBODY = Rule(origin=HERE)
READERS = Rule(origin=HERE, methods=("GET",))
LIMIT = Policy(rate_limit=RateLimit(requests=1))


def inbound(of: Service, protocol: Protocol = Protocol.HTTP) -> Json:
    port = Port(name="p", number=80, protocol=protocol)
    binding = Binding(name="p", protocol=protocol, address="10.0.0.1", port=8123, application="127.0.0.1:1")
    return decoded(listeners.inbound(of, port, binding, SETTINGS))


def filters(listener: Json) -> list[str]:
    return [each["name"] for each in listener["filter_chains"][0]["filters"]]


@pytest.mark.parametrize(
    ("of", "protocol", "expected"),
    [
        (service("web"), Protocol.HTTP, ["http"]),
        (service("web"), Protocol.GRPC, ["tcp"]),
        (service("web"), Protocol.HTTP2, ["tcp"]),
        (service("web"), Protocol.TCP, ["tcp"]),
        (service("web", allow=(ANYBODY,)), Protocol.GRPC, ["rbac", "tcp"]),
        (service("web", allow=()), Protocol.TCP, ["rbac", "tcp"]),
        (service("web", allow=(READERS,)), Protocol.GRPC, ["http"]),
        (service("web", allow=(Rule(origin=HERE, paths=("/",), ports=(9,)),)), Protocol.GRPC, ["rbac", "tcp"]),
        (service("web", allow=(READERS,)), Protocol.TCP, ["rbac", "tcp"]),
        (service("web", policy=LIMIT), Protocol.GRPC, ["http"]),
        (service("web", policy=LIMIT), Protocol.TCP, ["tcp"]),
    ],
)
def test_no_more_is_read_than_a_policy_needs(of: Service, protocol: Protocol, expected: list[str]) -> None:
    assert filters(inbound(of, protocol)) == expected


def test_rules_about_requests_allow_nothing_where_requests_cannot_be_seen() -> None:
    listener = inbound(service("web", allow=(READERS,)), Protocol.TCP)
    assert "policies" not in listener["filter_chains"][0]["filters"][0]["typed_config"]["rules"]


def test_rules_about_paths_are_about_what_the_application_will_make_of_them() -> None:
    def manager(*paths: str) -> Json:
        listener = inbound(service("web", allow=(Rule(origin=HERE, methods=("GET",), paths=paths),)))
        found: Json = listener["filter_chains"][0]["filters"][0]["typed_config"]
        return found

    assert manager("/public/*")["normalize_path"] is True
    assert manager("/public/*")["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    assert "normalize_path" not in manager()


def test_an_application_cannot_speak_as_its_proxy() -> None:
    manager = inbound(service("web"))["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["route_config"]["response_headers_to_remove"] == ["x-tulle-unsent", "x-tulle-lost"]


def test_other_proxies_come_by_mutual_tls() -> None:
    listener = inbound(service("web", allow=(READERS,)))
    assert listener["address"] == {"socket_address": {"address": "10.0.0.1", "port_value": 8123}}
    (chain,) = listener["filter_chains"]
    assert chain["transport_socket"]["typed_config"]["require_client_certificate"] is True
    manager = chain["filters"][0]["typed_config"]
    assert [each["name"] for each in manager["http_filters"]] == ["rbac", "router"]
    (host,) = manager["route_config"]["virtual_hosts"]
    assert host["routes"][0]["route"] == {"cluster": "inbound|p", "timeout": "0s"}
    denied = manager["local_reply_config"]["mappers"][0]["headers_to_add"][0]["header"]["value"]
    assert denied == 'service "web.default" does not allow this request from %DOWNSTREAM_PEER_URI_SAN%'


def test_calls_of_the_application_are_plain() -> None:
    listener = decoded(listeners.outbound(SETTINGS, "default", "127.0.0.1:15001"))
    (chain,) = listener["filter_chains"]
    assert "transport_socket" not in chain
    assert chain["filters"][0]["typed_config"]["rds"]["route_config_name"] == "outbound.default"


def test_tunnels_end_in_a_listener_without_a_port() -> None:
    listener = decoded(listeners.connect(SETTINGS, "default"))
    assert listener["internal_listener"] == {}
    assert "address" not in listener


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_local_ports_lead_to_one_cluster(protocol: Protocol) -> None:
    to = Forward(service=Name("default", "db"), port=5432, protocol=protocol, address="127.0.0.1:9")
    listener = decoded(listeners.forward(SETTINGS, to))
    assert listener["name"] == "forward|5432|db.default"
    assert "outbound|5432||db.default" in str(listener)
    assert ("udp_listener_config" in listener) is (protocol is Protocol.UDP)


def test_rules_for_calls_to_a_service_come_before_the_service_itself() -> None:
    to = Forward(service=Name("default", "db"), port=5432, protocol=Protocol.TCP, address="127.0.0.1:9")
    rules = (
        Stream(shares=(("a", 1), ("b", 1)), server_names=("x.example",), subnets=("10.0.0.0/8",)),
        Stream(shares=(("c", 1),)),
    )
    named, rest = decoded(listeners.forward(SETTINGS, to, rules))["filter_chains"]
    assert named["filter_chain_match"] == {"server_names": ["x.example"]}
    assert rest["filters"][0]["typed_config"]["cluster"] == "c"
    udp = dataclasses.replace(to, protocol=Protocol.UDP)
    assert '"cluster": "c"' in json.dumps(decoded(listeners.forward(SETTINGS, udp, rules)))


def test_datagrams_are_shared_by_the_ports_of_clients() -> None:
    filters = as_json(listeners.udp_listener("u", "127.0.0.1:9", ("a", 1), ("b", 1), ("c", 2)))["listener_filters"]
    matcher = filters[0]["typed_config"]["matcher"]
    first, second = matcher["matcher_list"]["matchers"]
    chances = [each["predicate"]["single_predicate"]["custom_match"]["typed_config"] for each in (first, second)]
    shares = [each["runtime_fraction"]["default_value"]["numerator"] for each in chances]
    assert shares == [250_000, 333_333]
    assert chances[0]["seed"] != chances[1]["seed"]
    assert matcher["on_no_match"]["action"]["typed_config"]["cluster"] == "c"
    assert "placeholder" in json.dumps(as_json(listeners.udp_listener("u", "127.0.0.1:9")))


def test_equal_input_gives_the_same_object() -> None:
    assert listeners.connect(SETTINGS, "default") is listeners.connect(SETTINGS, "default")
    assert http() == http()


def test_no_port_is_shared_with_another_envoy_in_silence() -> None:
    forward = Forward(service=Name("default", "db"), port=5432, protocol=Protocol.TCP, address="127.0.0.1:15432")
    ours = [
        decoded(listeners.outbound(SETTINGS, "default", "127.0.0.1:15001")),
        decoded(listeners.forward(SETTINGS, forward)),
        inbound(service("web")),
    ]
    assert [listener["enable_reuse_port"] for listener in ours] == [False, False, False]
