from __future__ import annotations

import dataclasses
import json

import pytest

from tests.envoy.decoded import as_json, decoded
from tests.envoy.kitchen import HERE, http
from tests.envoy.policies import guard
from tulle.envoy import listeners
from tulle.envoy.streams import Stream
from tulle.model.extensions import AccessLogging, Direction, Telemetry, WasmPlugin
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.services import Protocol
from tulle.model.workloads import Forward

SETTINGS = Settings()


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
def test_local_ports_that_lead_nowhere_are_closed(protocol: Protocol) -> None:
    to = Forward(service=Name("default", "db"), port=5432, protocol=protocol, address="127.0.0.1:9")
    listener = decoded(listeners.forward(SETTINGS, to))
    assert listener["name"] == (
        "forward|5432/udp|db.default" if protocol is Protocol.UDP else "forward|5432|db.default"
    )
    assert '"cluster": "placeholder"' in json.dumps(listener)
    assert ("udp_listener_config" in listener) is (protocol is Protocol.UDP)


def test_streams_to_a_local_port_are_told_apart_by_server_name() -> None:
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
    ]
    assert [listener["enable_reuse_port"] for listener in ours] == [False, False]


def told() -> Guard:
    logging = Telemetry(name=Name("default", "t"), origin=HERE, access_logging=(AccessLogging(),))
    return guard(telemetry=(logging,))


def test_calls_of_a_workload_are_told_about_if_its_guard_says_so() -> None:
    quiet, loud = guard(), told()
    plugin = WasmPlugin(name=Name("default", "p"), origin=HERE, file="/p.wasm", direction=Direction.CLIENT)
    plugged = guard(plugins=(plugin,))
    plain = listeners.outbound(SETTINGS, "default", "127.0.0.1:15001")
    assert listeners.outbound(SETTINGS, "default", "127.0.0.1:15001", quiet) is plain
    assert listeners.connect(SETTINGS, "default", quiet) is listeners.connect(SETTINGS, "default")
    for made in (
        listeners.outbound(SETTINGS, "default", "127.0.0.1:15001", loud),
        listeners.connect(SETTINGS, "default", loud),
    ):
        (chain,) = decoded(made)["filter_chains"]
        assert len(chain["filters"][0]["typed_config"]["access_log"]) == 1
        assert made.origins == (SETTINGS.origin, HERE)
    (chain,) = decoded(listeners.connect(SETTINGS, "default", plugged))["filter_chains"]
    assert "wasm.p.default" in [each["name"] for each in chain["filters"][0]["typed_config"]["http_filters"]]
