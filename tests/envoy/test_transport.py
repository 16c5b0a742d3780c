from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import http, service
from tulle.envoy import transport
from tulle.model.policies import ClientTls, Policy, TlsMode
from tulle.model.services import Endpoint, Port, Protocol, Service

BARE = Endpoint(address="10.0.0.1", port=1)
MESHED = Endpoint(address="10.0.0.2", port=1, is_meshed=True)
MIXED = service("web", http(), addresses=(BARE, MESHED))
PLAIN = service("web", http(), addresses=(BARE,))
TLS = "envoy.transport_sockets.tls"
PROXY = "envoy.transport_sockets.upstream_proxy_protocol"


def secured(of: Service, policy: Policy = Policy(), port: Port | None = None) -> Json:  # noqa: B008
    cluster = cluster_pb2.Cluster()
    transport.secure(of, port or of.ports[0], policy, "td", cluster, protocols=["h2"])
    return as_json(cluster)


def tls(mode: TlsMode, **more: Any) -> Policy:
    return Policy(tls=ClientTls(mode=mode, **more))


def sans(socket: Json) -> list[str]:
    validation = socket["typed_config"]["common_tls_context"]["combined_validation_context"]
    names = validation["default_validation_context"].get("match_typed_subject_alt_names", [])
    return [each["matcher"]["exact"] for each in names]


def test_sidecars_are_called_by_mutual_tls_and_others_are_not() -> None:
    found = secured(service("web", http()))["transport_socket"]
    assert found["typed_config"]["sni"] == "web.default.svc.cluster.local"
    assert sans(found) == ["spiffe://td/ns/default/sa/web"]
    assert secured(PLAIN) == {}


def test_each_endpoint_tells_by_itself_where_they_differ() -> None:
    plain, meshed = secured(MIXED)["transport_socket_matches"]
    assert plain["match"] == {"plain": "yes"}
    assert plain["transport_socket"]["name"] == "envoy.transport_sockets.raw_buffer"
    assert (meshed["match"], meshed["transport_socket"]["name"]) == ({}, TLS)


def test_sidecars_may_show_any_identity_of_the_service() -> None:
    of = service("web", http(), accounts=("b", "a"), identities=("spiffe://other/x", "spiffe://td/ns/default/sa/a"))
    assert sans(secured(of)["transport_socket"]) == [
        "spiffe://td/ns/default/sa/a",
        "spiffe://td/ns/default/sa/b",
        "spiffe://td/ns/default/sa/web",
        "spiffe://other/x",
    ]


def test_what_says_nothing_of_its_account_has_the_default_one() -> None:
    of = Service(name=PLAIN.name, origin=PLAIN.origin, ports=PLAIN.ports, account="")
    assert transport.identities(of, "td") == ("spiffe://td/ns/default/sa/default",)


def test_somebody_may_say_what_is_spoken() -> None:
    assert secured(service("web", http()), tls(TlsMode.DISABLE)) == {}
    mutual = secured(PLAIN, tls(TlsMode.MESH, server_name="x", subject_alt_names=("spiffe://a",)))["transport_socket"]
    assert (mutual["typed_config"]["sni"], sans(mutual)) == ("x", ["spiffe://a"])
    simple = secured(MIXED, tls(TlsMode.SIMPLE))["transport_socket"]
    assert simple["typed_config"]["sni"] == "web.default.svc.cluster.local"
    assert simple["typed_config"]["auto_sni_san_validation"] is True


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ((), "web.default.svc.cluster.local"),
        (("api.example",), "api.example"),
        (("*.example",), ""),
        (("a.example", "b.example"), ""),
    ],
)
def test_the_name_that_is_asked_for(hosts: tuple[str, ...], expected: str) -> None:
    assert transport.own_host(service("web", http(), hosts=hosts)) == expected


def test_servers_outside_show_the_names_of_their_service() -> None:
    of = service("web", http(), is_outside=True, hosts=("api.example",), identities=("cdn.example",))
    assert sans(secured(of, tls(TlsMode.SIMPLE))["transport_socket"]) == ["cdn.example"]
    named = tls(TlsMode.SIMPLE, subject_alt_names=("b.example",))
    assert sans(secured(of, named)["transport_socket"]) == ["b.example"]


@pytest.mark.parametrize(("version", "name"), [(1, {}), (2, {"version": "V2"})])
def test_who_the_client_is_may_be_told(version: int, name: Json) -> None:
    found = secured(PLAIN, Policy(proxy_protocol=version))["transport_socket"]
    assert found["name"] == PROXY
    assert found["typed_config"]["config"] == name
    assert found["typed_config"]["transport_socket"]["name"] == "envoy.transport_sockets.raw_buffer"
    policy = Policy(proxy_protocol=version, tls=ClientTls(mode=TlsMode.SIMPLE))
    assert secured(PLAIN, policy)["transport_socket"]["typed_config"]["transport_socket"]["name"] == TLS


def test_sidecars_are_not_told_who_the_client_is() -> None:
    plain, meshed = secured(MIXED, Policy(proxy_protocol=1))["transport_socket_matches"]
    assert (meshed["transport_socket"]["name"], plain["transport_socket"]["name"]) == (TLS, PROXY)
    assert secured(service("web", http()), Policy(proxy_protocol=1))["transport_socket"]["name"] == TLS


def test_datagrams_are_sent_as_they_are() -> None:
    port = Port(name="dns", number=53, protocol=Protocol.UDP)
    for mode in TlsMode:
        policy = Policy(tls=ClientTls(mode=mode), proxy_protocol=1)
        assert secured(service("dns", port), policy) == {}
