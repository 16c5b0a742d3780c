from __future__ import annotations

import dataclasses

import pytest

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import http, service
from tests.envoy.policies import guard
from tulle.envoy import clusters, naming
from tulle.envoy.callers import ANYBODY, Caller
from tulle.envoy.pools import HTTP_OPTIONS
from tulle.envoy.treatments import treatment
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import (
    ClientTls,
    ConnectionPool,
    HealthCheck,
    LoadBalancing,
    Locality,
    LocalityBalancing,
    OutlierDetection,
    Policy,
    TlsMode,
)
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service, Subset
from tulle.model.workloads import Binding
from tulle.xds.snapshot import Resource

HERE = Endpoint(address="127.0.0.1", port=1)


def resource(of: Service, port: Port, subset: str = "", caller: Caller = ANYBODY) -> Resource:
    treated = treatment(of, port, subset, caller, "istio-system")
    assert treated is not None
    return clusters.service_cluster(of, port, subset, treated, "td")


def compiled(of: Service, subset: str = "", protocol: Protocol = Protocol.HTTP) -> Json:
    return decoded(resource(of, Port(name="p", number=80, protocol=protocol), subset))


def spoken(cluster: Json) -> str:
    options = cluster["typed_extension_protocol_options"][HTTP_OPTIONS]
    (version,) = options["explicit_http_config"]
    return str(version)


def test_between_proxies_http_travels_as_http2_over_mutual_tls() -> None:
    found = compiled(service("web", http()))
    assert spoken(found) == "http2_protocol_options"
    assert found["transport_socket"]["typed_config"]["sni"] == "web.default.svc.cluster.local"
    assert found["type"] == "EDS"
    assert found["alt_stat_name"] == "web.default:80"


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_bytes_have_no_http_and_datagrams_no_tls(protocol: Protocol) -> None:
    found = compiled(service("web"), protocol=protocol)
    assert "typed_extension_protocol_options" not in found
    assert ("transport_socket" in found) is (protocol is Protocol.TCP)


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (Protocol.HTTP, "http_protocol_options"),
        (Protocol.HTTP2, "http2_protocol_options"),
        (Protocol.GRPC, "http2_protocol_options"),
    ],
)
def test_places_without_sidecar_are_spoken_to_in_their_own_language(protocol: Protocol, expected: str) -> None:
    found = compiled(service("web", addresses=(HERE,)), protocol=protocol)
    assert spoken(found) == expected
    assert "transport_socket" not in found


def test_fixed_places_with_sidecars_are_called_by_mutual_tls() -> None:
    place = dataclasses.replace(HERE, is_meshed=True)
    assert "transport_socket" in compiled(service("web", addresses=(place,)))
    mixed = compiled(service("web", addresses=(place, HERE)))
    assert "transport_socket" not in mixed
    assert len(mixed["transport_socket_matches"]) == 2


def test_where_only_some_have_sidecars_all_are_spoken_to_in_the_language_of_the_others() -> None:
    of = service("web", addresses=(dataclasses.replace(HERE, is_meshed=True), HERE))
    assert spoken(compiled(of)) == "http_protocol_options"
    assert spoken(compiled(of, protocol=Protocol.GRPC)) == "http2_protocol_options"
    mutual = compiled(of)["transport_socket_matches"][1]["transport_socket"]["typed_config"]
    assert "alpn_protocols" not in mutual["common_tls_context"]


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "/run/x.sock"])
def test_addresses_are_discovered(address: str) -> None:
    of = service("web", http(), addresses=(dataclasses.replace(HERE, address=address),))
    found = resource(of, of.ports[0])
    assert found.endpoints_name == found.name


def test_host_names_are_resolved_by_the_proxy() -> None:
    of = service("web", http(), addresses=(dataclasses.replace(HERE, address="db.example"),))
    made = resource(of, of.ports[0])
    found = decoded(made)
    assert made.endpoints_name == ""
    assert found["type"] == "STRICT_DNS"
    (endpoint,) = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"]["address"] == "db.example"


def test_health_is_only_checked_where_no_agent_does() -> None:
    policy = Policy(health_check=HealthCheck())
    assert "health_checks" not in compiled(service("web", policy=policy))
    assert "health_checks" in compiled(service("web", policy=policy, addresses=(HERE,)))


def test_connections_may_be_upgraded_or_left_as_they_are() -> None:
    upgraded = Policy(pool=ConnectionPool(upgrade_to_http2=True))
    kept = Policy(pool=ConnectionPool(use_client_protocol=True))
    assert spoken(compiled(service("web", addresses=(HERE,), policy=upgraded))) == "http2_protocol_options"
    found = compiled(service("web", policy=kept))
    assert "use_downstream_protocol_config" in found["typed_extension_protocol_options"][HTTP_OPTIONS]
    assert "alpn_protocols" not in found["transport_socket"]["typed_config"]["common_tls_context"]


def test_requests_may_be_sent_to_a_port_that_speaks_tls() -> None:
    simple = Policy(tls=ClientTls(mode=TlsMode.SIMPLE))
    of = service("web", is_outside=True, hosts=("api.example",), resolution=Resolution.DNS, policy=simple)
    found = compiled(of, protocol=Protocol.TLS)
    assert found["typed_extension_protocol_options"][HTTP_OPTIONS]["upstream_http_protocol_options"] == {
        "auto_sni": True
    }
    assert found["transport_socket"]["typed_config"]["sni"] == "api.example"
    assert clusters.secret_names(simple) == ("system-ca",)
    named = dataclasses.replace(of, policy=Policy(tls=ClientTls(mode=TlsMode.SIMPLE, server_name="x")))
    options = compiled(named, protocol=Protocol.TLS)["typed_extension_protocol_options"][HTTP_OPTIONS]
    assert "upstream_http_protocol_options" not in options
    plain = dataclasses.replace(of, policy=Policy())
    assert "typed_extension_protocol_options" not in compiled(plain, protocol=Protocol.TLS)


def test_nobody_outside_is_taken_for_a_sidecar() -> None:
    of = service("web", is_outside=True, hosts=("api.example",), resolution=Resolution.DNS)
    assert "transport_socket" not in compiled(of)
    mutual = dataclasses.replace(of, policy=Policy(tls=ClientTls(mode=TlsMode.MESH)))
    assert spoken(compiled(mutual)) == "http_protocol_options"


def test_the_health_of_what_a_request_names_cannot_be_checked() -> None:
    of = service("web", resolution=Resolution.NONE, policy=Policy(health_check=HealthCheck()))
    assert "health_checks" not in compiled(of)


def test_shares_of_localities_are_respected() -> None:
    distribute = LocalityBalancing(distribute=(("eu", (("eu", 80), ("us", 20))),))
    of = service("web", http(80), policy=Policy(load_balancing=LoadBalancing(locality=distribute)))
    here = Caller(namespace="default", locality=Locality(region="eu"))
    found = resource(of, of.ports[0], caller=here)
    assert found.endpoints_name == "outbound|80||web.default|shares;eu=80;us=20"
    assert "locality_weighted_lb_config" in decoded(found)["common_lb_config"]
    assert "locality_weighted_lb_config" not in decoded(resource(of, of.ports[0]))["common_lb_config"]


def test_near_endpoints_come_first() -> None:
    of = service("web", http(80), policy=Policy(outlier_detection=OutlierDetection()))
    here = Caller(namespace="default", locality=Locality(region="eu"))
    found = resource(of, of.ports[0], caller=here)
    assert found.endpoints_name == "outbound|80||web.default|near;eu;"
    assert "locality_weighted_lb_config" not in decoded(found)["common_lb_config"]


def test_callers_who_treat_a_service_alike_share_its_cluster() -> None:
    of = service("web", http(80))
    one = resource(of, of.ports[0], caller=Caller(namespace="a", account="x"))
    assert one is resource(of, of.ports[0], caller=Caller(namespace="b", labels=(("a", "b"),)))


def test_a_version_may_have_a_policy_of_its_own() -> None:
    versions = (Subset(name="v1", labels=(), policy=Policy(connect_timeout=9)), Subset(name="v2", labels=()))
    of = service("web", subsets=versions, policy=Policy(connect_timeout=2, idle_timeout=7))
    assert compiled(of, "v1")["connect_timeout"] == "9s"
    second = compiled(of, "v2")
    assert second["connect_timeout"] == "2s"
    options = second["typed_extension_protocol_options"][HTTP_OPTIONS]
    assert options["common_http_protocol_options"] == {"idle_timeout": "7s"}


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [(Protocol.HTTP, "http_protocol_options"), (Protocol.GRPC, "http2_protocol_options"), (Protocol.TCP, None)],
)
def test_the_application_is_spoken_to_in_its_language(protocol: Protocol, expected: str | None) -> None:
    binding = Binding(name="p", protocol=protocol, address="", port=1, application="/run/app.sock")
    found = decoded(clusters.application_cluster(binding, guard()))
    assert found["name"] == "inbound|p"
    assert (spoken(found) if expected else None) == expected
    assert (HTTP_OPTIONS in found.get("typed_extension_protocol_options", {})) is bool(expected)


def test_the_special_clusters() -> None:
    settings = Settings()
    outside, connect = decoded(clusters.outside_cluster(settings)), decoded(clusters.connect_cluster(settings))
    assert outside["lb_policy"] == "CLUSTER_PROVIDED"
    assert "envoy_internal_address" in str(connect)
    assert clusters.outside_cluster(settings) is clusters.outside_cluster(settings)


def test_reasons_call_an_application_by_the_name_of_its_service() -> None:
    binding = Binding(name="http", protocol=Protocol.HTTP, address="10.0.0.1", port=1, application="127.0.0.1:2")
    cluster = decoded(clusters.application_cluster(binding, guard()))
    assert (cluster["name"], cluster["alt_stat_name"]) == ("inbound|http", "web.default")


def test_clusters_that_stand_in_for_each_other() -> None:
    name = naming.standing_in(("a", "b"), is_failover=True)
    found = decoded(clusters.standing_in(name, BUILT_IN))
    assert found["name"] == "failover|a+b"
    assert found["cluster_type"]["typed_config"]["clusters"] == ["a", "b"]
    assert found["lb_policy"] == "CLUSTER_PROVIDED"
    assert naming.standing_in(("a",), is_failover=False) == "instead|a"


@pytest.mark.parametrize(
    ("namespace", "policy", "is_marked"),
    [
        ("@file", Policy(), True),
        ("default", Policy(), False),
        ("@file", Policy(health_check=HealthCheck(path="/")), False),
        ("@file", Policy(outlier_detection=OutlierDetection()), False),
    ],
)
def test_names_that_nobody_knows_are_told_from_servers_that_are_ill(
    namespace: str, policy: Policy, is_marked: bool
) -> None:
    web = service("web", http(), addresses=(Endpoint(address="a.test", port=1),), resolution=Resolution.DNS)
    web = dataclasses.replace(web, name=Name(namespace, "web"), policy=policy, is_outside=True)
    assert (clusters.EDGE in compiled(web).get("metadata", {}).get("filter_metadata", {})) is is_marked


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_checks_by_another_scheme_than_requests(scheme: str) -> None:
    web = service("web", http(), addresses=(HERE,), policy=Policy(health_check=HealthCheck(path="/", scheme=scheme)))
    (match,) = compiled(web)["transport_socket_matches"]
    assert match["match"] == {"checked-by": scheme}
    assert match["transport_socket"]["name"].endswith("tls" if scheme == "https" else "raw_buffer")
