from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from tests.envoy.connections import Connection, chosen
from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import HERE
from tests.envoy.policies import deny, guard
from tulle.envoy import gateway_listeners
from tulle.envoy.edge_tls import Material
from tulle.envoy.gateway_listeners import Content, Guarded
from tulle.envoy.streams import Stream
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.extensions import AccessLogging, Telemetry
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Entrance,
    Forwarded,
    Listener,
    ListenerHost,
    ListenerProtocol,
    TlsHandling,
)
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.steps import AllowAddresses, LimitConnections

SETTINGS = Settings()
HTTP, HTTPS, TCP, TLS, UDP = ListenerProtocol
FILES = Certificate(certificate_file="/a", key_file="/a")
MATERIAL = Content(material=Material((FILES,)))


def listener(name: str = "l", protocol: ListenerProtocol = HTTP, *hosts: str, **more: Any) -> Listener:
    names = tuple(ListenerHost(host=host) for host in hosts or ("*",))
    return Listener(name=Name("default", name), origin=HERE, port=8080, protocol=protocol, hosts=names, **more)


def compiled(*pairs: tuple[Listener, Content]) -> Json:
    first, *others = (each for each, _ in pairs)
    contents = tuple(content for _, content in pairs)
    return decoded(gateway_listeners.compile_listener(first, tuple(others), SETTINGS, contents))


def stream(*clusters: str, **more: Any) -> Stream:
    return Stream(shares=tuple((each, 1) for each in clusters), **more)


def names(listener: Json) -> list[list[str] | None]:
    return [each.get("filter_chain_match", {}).get("server_names") for each in listener["filter_chains"]]


def cluster(chain: Json) -> str:
    found: str = chain["filters"][-1]["typed_config"]["cluster"]
    return found


def test_http_listeners_of_a_socket_are_one() -> None:
    found = compiled((listener("a"), Content()), (listener("b", HTTP, "b.example"), Content()))
    assert found["name"] == "gateway|127.0.0.1:8080"
    assert found["per_connection_buffer_limit_bytes"] == 32768
    (chain,) = found["filter_chains"]
    assert chain["filters"][0]["typed_config"]["rds"]["route_config_name"] == "gateway.127.0.0.1:8080"


def test_listeners_with_tls_are_told_apart_by_server_name() -> None:
    found = compiled(
        (listener("a", HTTPS), MATERIAL),
        (listener("b", HTTPS, "B.example", "*.c"), MATERIAL),
        (listener("late", HTTPS, "b.example"), MATERIAL),
    )
    assert names(found) == [None, ["b.example", "*.c"]]
    routes = [each["filters"][0]["typed_config"]["rds"]["route_config_name"] for each in found["filter_chains"]]
    assert routes == [f"gateway.127.0.0.1:8080|default|{name}" for name in "ab"]
    assert found["listener_filters"][0]["name"] == "tls_inspector"
    assert "listener_filters" not in compiled((listener("a", HTTPS), MATERIAL))


def test_every_certificate_with_names_has_a_chain_of_its_own() -> None:
    named = Certificate(certificate_file="/b", key_file="/b", hosts=("b.example",))
    both = Content(material=Material((FILES, named)))
    assert names(compiled((listener("a", HTTPS), both))) == [["b.example"], None]
    assert names(compiled((listener("a", HTTPS), Content(material=Material((named,)))))) == [["b.example"]]


def test_applications_see_clients_that_are_asked_for_certificates() -> None:
    asking = Content(material=Material((FILES,), ClientTrust(ca_file="/ca")))
    (chain,) = compiled((listener("a", HTTPS), asking))["filter_chains"]
    assert chain["filters"][0]["typed_config"]["forward_client_cert_details"] == "SANITIZE_SET"
    assert chain["transport_socket"]["typed_config"]["require_client_certificate"] is True


def test_where_tls_cannot_be_ended_connections_are_closed() -> None:
    found = compiled((listener("a", HTTPS), MATERIAL), (listener("b", HTTPS, "b.example"), Content()))
    chain = found["filter_chains"][1]
    assert chain["filter_chain_match"] == {"server_names": ["b.example"], "transport_protocol": "tls"}
    assert "transport_socket" not in chain
    assert cluster(chain) == "placeholder"


def test_the_mesh_comes_with_its_own_certificates() -> None:
    content = Content(material=Material())
    (chain,) = compiled((listener("a", HTTPS, tls=TlsHandling.MESH), content))["filter_chains"]
    secrets = chain["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificate_sds_secret_configs"]
    assert secrets[0]["name"] == "workload"


def test_tls_is_passed_on_by_server_name_and_closed_where_nobody_wants_it() -> None:
    content = Content((stream("a", hosts=("a.example", "elsewhere")), stream("b", server_names=("*.w.example",))))
    found = compiled((listener("p", TLS, "*.example", tls=TlsHandling.PASSTHROUGH), content))
    assert names(found) == [["a.example"], ["*.w.example"], ["*.example"]]
    assert [cluster(each) for each in found["filter_chains"]] == ["a", "b", "placeholder"]
    assert all(each["filter_chain_match"]["transport_protocol"] == "tls" for each in found["filter_chains"])
    nothing = compiled((listener("p", TLS, "x", tls=TlsHandling.PASSTHROUGH), Content((stream("a", hosts=("y",)),))))
    assert names(nothing) == [["x"]]


def test_tls_that_is_ended_carries_streams() -> None:
    content = dataclasses.replace(
        MATERIAL, streams=(stream("a", hosts=("a.example",)), stream("b"), stream("c", hosts=("z",)))
    )
    found = compiled((listener("t", TLS, "*.example"), content))
    assert names(found) == [["a.example"], ["*.example"]]
    assert all("transport_socket" in each for each in found["filter_chains"])
    assert [cluster(each) for each in found["filter_chains"]] == ["a", "b"]


def test_a_server_name_can_be_the_name_of_a_cluster() -> None:
    found = compiled((listener("auto", TLS, "*.local", tls=TlsHandling.AUTO_PASSTHROUGH), Content()))
    assert [each["name"] for each in found["filter_chains"][0]["filters"]] == ["sni_cluster", "tcp"]


def test_bytes_go_where_the_first_rule_says() -> None:
    content = Content(
        (stream("s", server_names=("a",)), stream("n", subnets=("10.0.0.0/8",)), stream("a"), stream("b"))
    )
    found = compiled((listener("t", TCP), content))
    assert [cluster(each) for each in found["filter_chains"]] == ["s", "n", "a"]
    assert found["filter_chains"][0]["filter_chain_match"]["transport_protocol"] == "tls"
    assert cluster(compiled((listener("t", TCP), Content()))["filter_chains"][0]) == "placeholder"


@pytest.mark.parametrize(("streams", "expected"), [((stream("a"),), "a"), ((), "placeholder")])
def test_datagrams_have_a_socket_of_their_own(streams: tuple[Stream, ...], expected: str) -> None:
    found = compiled((listener("u", UDP), Content(streams)))
    assert found["name"] == "gateway|127.0.0.1:8080/udp"
    assert f'"cluster": "{expected}"' in json.dumps(found)


def test_connections_are_logged_where_documents_ask_for_it() -> None:
    telemetry = Telemetry(name=Name("default", "t"), origin=HERE, access_logging=(AccessLogging(),))
    tcp, content = listener("l", TCP), Content(streams=(stream("a"),))
    guarded = Guarded(guard(telemetry=(telemetry,)))
    found = decoded(gateway_listeners.compile_listener(tcp, (), SETTINGS, (content,), guarded))
    (proxy,) = found["filter_chains"][0]["filters"]
    assert [each["name"] for each in proxy["typed_config"]["access_log"]] == ["stdout"]


def test_filters_are_delivered_for_every_number_that_a_port_has() -> None:
    same, moved, bytes_ = listener("a"), listener("b", declared_port=80), listener("c", TCP)
    found = gateway_listeners.compile_filters(same, (moved, bytes_), SETTINGS, Guarded(guard(deny())))
    owners = {each.name.partition("@")[2] for each in found}
    assert owners == {"gateway|127.0.0.1:8080|8080", "gateway|127.0.0.1:8080|80"}
    assert all(each.origins for each in (*found, *gateway_listeners.compile_filters(same, (), SETTINGS)))


ENTRANCE = Entrance()


def routed(*pairs: tuple[Listener, Content]) -> Json:
    """Listeners of an entry point."""
    for each, _ in pairs:
        assert each.entrance is not None
    return compiled(*pairs)


def first_filters(found: Json, connection: Connection) -> list[str]:
    """The names of the filters of the chain that a connection gets."""
    name = chosen(found["filter_chain_matcher"], connection)
    return [filter_["name"] for each in found["filter_chains"] if each["name"] == name for filter_ in each["filters"]]


def test_connections_of_an_entry_point_go_to_the_first_router() -> None:
    condition = Condition(Subject.SOURCE, Comparison.SUBNET, "10.0.0.0/8")
    allowed = AllowAddresses(ranges=("10.1.0.0/16",))
    near = Content((stream("near", conditions=(condition,), steps=(allowed, LimitConnections(amount=1))),))
    found = routed(
        (listener("near", TCP, entrance=ENTRANCE), near),
        (listener("plain", entrance=ENTRANCE), Content()),
        (listener("tls", HTTPS, entrance=ENTRANCE, ending="default"), MATERIAL),
    )
    by_name = {each["name"]: each for each in found["filter_chains"]}

    def given(source: str) -> str:
        name = chosen(found["filter_chain_matcher"], Connection(has_tls=False, source=source))
        return cluster(by_name[str(name)]) if name is not None else ""

    assert (given("10.1.0.1"), given("10.2.0.1")) == ("near", "placeholder")
    assert first_filters(found, Connection(has_tls=False)) == ["source", "http"]
    assert first_filters(found, Connection(name="a")) == ["source", "http"]


def test_clients_with_which_tls_cannot_begin_are_told_why() -> None:
    one = listener("tls", HTTPS, entrance=ENTRANCE, alpn=("h2",), certified=("a.test",))
    found = routed((one, MATERIAL))
    assert first_filters(found, Connection(name="a.test", protocols=("http/1.1",))) == ["source", "http"]
    for connection, alert in (
        (Connection(name="b.test"), "FQMDAAICcA=="),
        (Connection(name="a.test", protocols=("x",)), "FQMDAAICeA=="),
    ):
        name = chosen(found["filter_chain_matcher"], connection)
        (filter_,) = next(each for each in found["filter_chains"] if each["name"] == name)["filters"]
        assert filter_["typed_config"]["response"]["inline_bytes"] == alert
    old = routed((dataclasses.replace(one, alpn=("http/1.1",), certified=None), MATERIAL))
    assert first_filters(old, Connection(protocols=("h2",))) == ["alert"]
    assert first_filters(old, Connection()) == ["source", "http"]


def test_tls_of_routers_is_passed_on_or_ended() -> None:
    content = dataclasses.replace(MATERIAL, streams=(stream("a", steps=(AllowAddresses(ranges=("10.0.0.0/8",)),)),))
    for handling in (TlsHandling.PASSTHROUGH, TlsHandling.TERMINATE):
        found = routed((listener("t", TLS, tls=handling, entrance=ENTRANCE), content))
        assert [cluster(each) for each in found["filter_chains"]] == ["placeholder", "a"]


def test_datagrams_of_an_entry_point_have_its_timeout() -> None:
    found = compiled((listener("u", UDP, entrance=Entrance(idle_timeout=5.0)), Content()))
    assert found["listener_filters"][0]["typed_config"]["idle_timeout"] == "5s"


def test_who_begins_with_tls_has_to_go_on() -> None:
    secure = (listener("tls", HTTPS, entrance=Entrance(read_timeout=0.5)), MATERIAL)
    assert routed(secure)["listener_filters_timeout"] == "0.500s"
    first = (listener("t", TCP, entrance=Entrance(read_timeout=0.5)), Content((stream("a"),)))
    found = routed(secure, first)
    assert (found["listener_filters_timeout"], found["continue_on_listener_filters_timeout"]) == ("1s", True)


def test_the_proxy_protocol_is_read_first() -> None:
    entrance = Entrance(proxy_protocol=Forwarded(trusted=("10.0.0.1",)))
    condition = Condition(Subject.SOURCE, Comparison.SUBNET, "1.0.0.0/8")
    content = Content((stream("a", conditions=(condition,)),))
    found = routed(
        (listener("t", TCP, entrance=entrance), content), (listener("tls", HTTPS, entrance=entrance), MATERIAL)
    )
    assert [each["name"] for each in found["listener_filters"]] == ["proxy_protocol", "tls_inspector"]
    told = Connection(has_tls=False, source="1.0.0.1", peer="10.0.0.1")
    assert chosen(found["filter_chain_matcher"], told) is not None
    assert chosen(found["filter_chain_matcher"], dataclasses.replace(told, peer="2.0.0.1")) is None


def test_any_certificate_of_a_client_is_demanded_behind_tls() -> None:
    trust = ClientTrust(handling=ClientCertificates.UNVERIFIED_REQUIRED)
    (chain,) = compiled((listener("a", HTTPS), Content(material=Material((FILES,), trust))))["filter_chains"]
    assert [each["name"] for each in chain["filters"]] == ["shown", "http"]
