from __future__ import annotations

import gc
from weakref import ref

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import http, service
from tulle.envoy import hosts
from tulle.envoy.callers import Caller
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.services import Port, Protocol, Service

SETTINGS = Settings()
WEB = service("web", http(80), Port(name="db", number=5432, protocol=Protocol.TCP))


def compiled(port: Port, denied: frozenset[Name] = frozenset(), of: Service = WEB) -> tuple[hosts.Compiled, Json]:
    found = hosts.service_host(of, port, Caller(namespace="default"), (), (), denied, SETTINGS)
    return found, decoded(found.host)


def clusters_of(found: hosts.Compiled) -> list[str]:
    return [each.name for each in found.clusters]


def test_a_host_is_asked_for_by_any_of_its_names() -> None:
    found, message = compiled(WEB.ports[0])
    assert found.host.name == message["name"] == "outbound.default/web.default:80"
    assert set(found.host.aliases) == {f"outbound.default/{each}" for each in message["domains"]}
    assert {"web", "web:80", "web.default.svc.cluster.local:80"} <= set(message["domains"])


def test_an_http_port_is_forwarded_and_looked_into_within_connect() -> None:
    found, message = compiled(WEB.ports[0])
    assert clusters_of(found) == ["outbound|80||web.default", "connect"]
    plain, tunnel = message["routes"]
    assert plain["route"]["cluster"] == "outbound|80||web.default"
    assert plain["route"]["timeout"] == "0s"
    assert tunnel["match"] == {"connect_matcher": {}}
    assert tunnel["route"]["cluster"] == "connect"


def test_the_bytes_of_a_tcp_port_pass_through_connect() -> None:
    found, message = compiled(WEB.ports[1])
    assert clusters_of(found) == ["outbound|5432||web.default"]
    tunnel, plain = message["routes"]
    assert tunnel["route"]["cluster"] == "outbound|5432||web.default"
    assert "speaks tcp" in plain["direct_response"]["body"]["inline_string"]


def test_who_can_never_be_allowed_gets_a_reason_and_no_cluster_of_the_service() -> None:
    found, message = compiled(WEB.ports[0], frozenset((WEB.name,)))
    assert clusters_of(found) == ["connect"]
    plain, tunnel = message["routes"]
    assert plain["direct_response"]["status"] == 403
    assert tunnel["route"]["cluster"] == "connect"
    refused, message = compiled(WEB.ports[1], frozenset((WEB.name,)))
    assert clusters_of(refused) == []
    assert [each["direct_response"]["status"] for each in message["routes"]] == [403, 403]


def test_outside_hosts_pass_unless_only_known_ones_may() -> None:
    passed = hosts.outside_host(SETTINGS, "default", "example.org:443")
    assert clusters_of(passed) == ["outside"]
    retry = decoded(passed.host)["retry_policy"]
    assert "retriable_headers" not in retry, "strangers cannot have a request sent again"
    assert retry["retry_on"] == "connect-failure,refused-stream,reset-before-request"
    assert [each["route"]["cluster"] for each in decoded(passed.host)["routes"]] == ["outside", "outside"]
    refused = hosts.outside_host(Settings(allow_outside=False), "default", "example.org")
    assert clusters_of(refused) == []
    assert [each["direct_response"]["status"] for each in decoded(refused.host)["routes"]] == [502, 502]


def test_unknown_names_say_why() -> None:
    message = decoded(hosts.unknown_host(SETTINGS, "default", "nope", "it is not there").host)
    assert message["domains"] == ["nope"]
    assert message["routes"][0]["direct_response"]["body"]["inline_string"] == "it is not there\n"


def test_a_pattern_in_a_host_header_never_becomes_one() -> None:
    for authority in ("*", "*.example.org", "x" * 400):
        (domain,) = decoded(hosts.unknown_host(SETTINGS, "default", authority, "no").host)["domains"]
        assert domain.endswith(".invalid")
        assert "*" not in domain


def test_equal_input_gives_the_same_object() -> None:
    assert compiled(WEB.ports[0])[0] is compiled(WEB.ports[0])[0]
    assert hosts.placeholder(SETTINGS, "default") is hosts.placeholder(SETTINGS, "default")


def test_remembered_results_keep_no_service_alive() -> None:
    first, second = service("first", http()), service("second", http())
    for one, other in ((first, second), (second, first)):
        hosts.service_host(one, one.ports[0], Caller(namespace="default"), (), (ref(other),), frozenset(), SETTINGS)
    watched = ref(first)
    del first, second, one, other
    gc.collect()
    assert watched() is None
