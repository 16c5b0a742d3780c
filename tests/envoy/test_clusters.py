from __future__ import annotations

import dataclasses

import pytest

from tests.envoy.decoded import Json, decoded
from tests.envoy.kitchen import http, service
from tests.envoy.policies import guard
from tulle.envoy import clusters
from tulle.envoy.clusters import HTTP_OPTIONS
from tulle.model.mesh import Settings
from tulle.model.policies import HealthCheck, Policy
from tulle.model.services import Endpoint, Port, Protocol, Service, Subset
from tulle.model.workloads import Binding

HERE = Endpoint(address="127.0.0.1", port=1)


def compiled(of: Service, subset: str = "", protocol: Protocol = Protocol.HTTP) -> Json:
    port = Port(name="p", number=80, protocol=protocol)
    return decoded(clusters.service_cluster(of, port, subset, "td"))


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
    assert "transport_socket" not in compiled(service("web", addresses=(place, HERE)))


@pytest.mark.parametrize("address", ["10.0.0.1", "::1", "/run/x.sock"])
def test_addresses_are_discovered(address: str) -> None:
    of = service("web", http(), addresses=(dataclasses.replace(HERE, address=address),))
    resource = clusters.service_cluster(of, of.ports[0], "", "td")
    assert resource.endpoints_name == resource.name


def test_host_names_are_resolved_by_the_proxy() -> None:
    of = service("web", http(), addresses=(dataclasses.replace(HERE, address="db.example"),))
    resource = clusters.service_cluster(of, of.ports[0], "", "td")
    found = decoded(resource)
    assert resource.endpoints_name == ""
    assert found["type"] == "STRICT_DNS"
    (endpoint,) = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert endpoint["endpoint"]["address"]["socket_address"]["address"] == "db.example"


def test_health_is_only_checked_where_no_agent_does() -> None:
    policy = Policy(health_check=HealthCheck())
    assert "health_checks" not in compiled(service("web", policy=policy))
    assert "health_checks" in compiled(service("web", policy=policy, addresses=(HERE,)))


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
