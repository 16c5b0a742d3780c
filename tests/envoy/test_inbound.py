from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import HERE
from tests.envoy.policies import (
    deny,
    guard,
    operation,
    token_rule,
    tokens,
    when,
)
from tulle.envoy import inbound
from tulle.model.extensions import AccessLogging, Direction, Ingress, Scope, Telemetry, WasmPlugin
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import RateLimit
from tulle.model.security import PeerMode, Rule
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Binding

SETTINGS = Settings()
NAME = Name("default", "x")
ANYBODY = Rule(origin=HERE)
READERS = Rule(origin=HERE, methods=("GET",))
LIMIT = RateLimit(requests=1)
BINDING = Binding(
    name="p", protocol=Protocol.HTTP, address="10.0.0.1", port=8123, application="127.0.0.1:1", number=8000
)
ELSEWHERE = Rule(origin=HERE, paths=("/",), ports=(9,))


def listener(of: Guard, protocol: Protocol = Protocol.HTTP, **settings: object) -> Json:
    port = replace(of.ports[0], protocol=protocol)
    return decoded(inbound.listener(of, port, BINDING, Settings(**settings)))  # type: ignore[arg-type]


def filters(of: Json) -> list[str]:
    return [each["name"] for each in of["filter_chains"][0]["filters"]]


def manager(of: Json) -> Json:
    found: Json = of["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def telemetry(**logging: object) -> Telemetry:
    return Telemetry(name=NAME, origin=HERE, access_logging=(AccessLogging(**logging),))  # type: ignore[arg-type]


def plugin(direction: Direction) -> WasmPlugin:
    return WasmPlugin(name=NAME, origin=HERE, file="/x.wasm", direction=direction)


@pytest.mark.parametrize(
    ("of", "protocol", "expected"),
    [
        (guard(), Protocol.HTTP, ["http"]),
        (guard(), Protocol.GRPC, ["tcp"]),
        (guard(), Protocol.HTTP2, ["tcp"]),
        (guard(), Protocol.TCP, ["tcp"]),
        (guard(allow=(ANYBODY,)), Protocol.GRPC, ["rbac", "tcp"]),
        (guard(allow=()), Protocol.TCP, ["rbac", "tcp"]),
        (guard(allow=(READERS,)), Protocol.GRPC, ["http"]),
        (guard(allow=(ELSEWHERE,)), Protocol.GRPC, ["rbac", "tcp"]),
        (guard(allow=(READERS,)), Protocol.TCP, ["rbac", "tcp"]),
        (guard(rate_limit=LIMIT), Protocol.GRPC, ["http"]),
        (guard(rate_limit=LIMIT), Protocol.TCP, ["tcp"]),
        (guard(deny()), Protocol.GRPC, ["http"]),
        (guard(deny()), Protocol.TCP, ["rbac.deny", "tcp"]),
        (guard(tokens=(tokens(token_rule(jwks="{}")),)), Protocol.GRPC, ["http"]),
        (guard(tokens=(tokens(),)), Protocol.GRPC, ["tcp"]),
        (guard(telemetry=(telemetry(),)), Protocol.GRPC, ["http"]),
        (guard(telemetry=(telemetry(is_disabled=True),)), Protocol.GRPC, ["tcp"]),
        (guard(telemetry=(telemetry(direction=Direction.CLIENT),)), Protocol.GRPC, ["tcp"]),
        (guard(plugins=(plugin(Direction.SERVER),)), Protocol.GRPC, ["http"]),
        (guard(plugins=(plugin(Direction.CLIENT),)), Protocol.GRPC, ["tcp"]),
    ],
)
def test_no_more_is_read_than_a_policy_needs(of: Guard, protocol: Protocol, expected: list[str]) -> None:
    assert filters(listener(of, protocol)) == expected


def test_rules_about_requests_allow_nothing_where_requests_cannot_be_seen() -> None:
    found = listener(guard(allow=(READERS,)), Protocol.TCP)
    assert "policies" not in found["filter_chains"][0]["filters"][0]["typed_config"]["rules"]


@pytest.mark.parametrize(
    "of",
    [
        guard(allow=(Rule(origin=HERE, paths=("/public/*",)),)),
        guard(deny(operation(paths=("/admin",)))),
        guard(deny(operation(not_paths=("/public/*",)))),
    ],
)
def test_rules_about_paths_are_about_what_the_application_will_make_of_them(of: Guard) -> None:
    found = manager(listener(of))
    assert found["normalize_path"] is True
    assert found["path_with_escaped_slashes_action"] == "REJECT_REQUEST"
    found = manager(listener(guard(deny(operation(methods=("GET",))), allow=(READERS,))))
    assert "path_with_escaped_slashes_action" not in found


def test_an_application_cannot_speak_as_its_proxy() -> None:
    found = manager(listener(guard()))
    assert found["route_config"]["response_headers_to_remove"] == ["x-tulle-unsent", "x-tulle-lost"]


def test_other_proxies_come_by_mutual_tls() -> None:
    found = listener(guard(allow=(READERS,)))
    assert found["address"] == {"socket_address": {"address": "10.0.0.1", "port_value": 8123}}
    assert found["enable_reuse_port"] is False
    assert "listener_filters" not in found
    (chain,) = found["filter_chains"]
    assert chain["transport_socket"]["typed_config"]["require_client_certificate"] is True
    assert [each["name"] for each in manager(found)["http_filters"]] == ["rbac", "router"]
    (host,) = manager(found)["route_config"]["virtual_hosts"]
    assert host["routes"][0]["route"] == {"cluster": "inbound|p", "timeout": "0s"}
    denied = manager(found)["local_reply_config"]["mappers"][0]["headers_to_add"][0]["header"]["value"]
    assert denied == 'service "web.default" does not allow this request from %DOWNSTREAM_PEER_URI_SAN%'


def test_aliases_of_the_trust_domain_may_call() -> None:
    assert "spiffe://old/" in str(listener(guard(), trust_domain_aliases=("old",)))


@pytest.mark.parametrize("protocol", [Protocol.HTTP, Protocol.TCP])
def test_a_port_is_called_as_its_guard_says(protocol: Protocol) -> None:
    def chains(**more: Any) -> list[tuple[str, bool]]:
        found = listener(guard(**more), protocol)
        assert ("listener_filters" in found) is (len(found["filter_chains"]) == 2)
        return [
            (each.get("filter_chain_match", {}).get("transport_protocol", ""), "transport_socket" in each)
            for each in found["filter_chains"]
        ]

    assert chains() == [("", True)]
    assert chains(peer_mode=PeerMode.PERMISSIVE) == [("tls", True), ("", False)]
    assert chains(peer_mode=PeerMode.DISABLE) == [("", False)]
    assert chains(port_modes=((8000, PeerMode.DISABLE),)) == [("", False)]


def test_server_names_are_looked_at_where_a_policy_asks_for_them() -> None:
    assert "listener_filters" in listener(guard(deny(when("connection.sni", "x"))))
    assert "listener_filters" not in listener(guard(deny(when("source.ip", "10.0.0.1"))))


def test_a_listener_comes_from_all_that_is_enforced() -> None:
    of = guard(
        deny(),
        tokens=(tokens(),),
        plugins=(plugin(Direction.CLIENT),),
        telemetry=(telemetry(),),
    )
    made = inbound.listener(of, of.ports[0], BINDING, SETTINGS)
    assert made.origins == (HERE,) * 5
    assert inbound.listener(of, of.ports[0], BINDING, SETTINGS) is made


def scoped(*ingress: Ingress, ports: tuple[Port, ...] = ()) -> Guard:
    scope = Scope(name=NAME, origin=HERE, ingress=ingress)
    return guard(scope=scope, ports=ports or (Port(name="p", number=8000),))


def test_ports_are_found_by_name_or_number_and_the_others_stay_closed() -> None:
    unnamed = replace(BINDING, name="other")
    for given, expected in (
        (BINDING, 1),
        (unnamed, 1),
        (replace(unnamed, number=0), 0),
        (replace(unnamed, number=9), 0),
    ):
        assert len(list(inbound.served(guard(), (given,)))) == expected
    assert list(inbound.served(guard(protocol=Protocol.UDP), (BINDING,))) == []
    assert list(inbound.served(scoped(), (BINDING,))) == [(guard().ports[0], BINDING)]


def test_the_protocol_is_that_of_the_guard() -> None:
    ((port, binding),) = inbound.served(guard(protocol=Protocol.GRPC), (BINDING,))
    assert port.protocol is binding.protocol is Protocol.GRPC


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [("HTTP", Protocol.HTTP), ("http2", Protocol.HTTP2), ("HTTPS", Protocol.TLS), ("MONGO", Protocol.TCP)],
)
def test_a_document_can_say_what_a_port_speaks(protocol: str, expected: Protocol) -> None:
    ((port, binding),) = inbound.served(scoped(Ingress(origin=HERE, port=8000, protocol=protocol)), (BINDING,))
    assert (port.protocol, binding.application) == (expected, BINDING.application)


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        ("127.0.0.1:9000", "127.0.0.1:2"),
        ("0.0.0.0:8000", "127.0.0.1:1"),
        ("127.0.0.1:7777", "127.0.0.1:7777"),
        ("/run/app.sock", "/run/app.sock"),
    ],
)
def test_a_document_can_say_where_the_application_is(application: str, expected: str) -> None:
    of = scoped(
        Ingress(origin=HERE, port=8000, protocol="HTTP", application=application),
        ports=(Port(name="p", number=8000), Port(name="q", number=9000)),
    )
    bindings = (
        replace(BINDING, name="unknown", number=0),
        BINDING,
        replace(BINDING, name="q", number=9000, application="127.0.0.1:2"),
    )
    first, second = inbound.served(of, bindings)
    assert (first.binding.application, second.binding.application) == (expected, "127.0.0.1:2")
