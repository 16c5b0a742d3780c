from __future__ import annotations

from typing import Any

import pytest

from tulle.cli.envoy_tables import tables


@pytest.fixture(autouse=True)
def without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def given(type: str, resource: dict[str, Any], *lines: int, name: str = "web") -> dict[str, Any]:
    origins = [{"source": "file", "file": "a.yaml", "line": line} for line in lines]
    return {"name": name, "type": type, "version": "1", "origins": origins, "resource": resource}


def rows(entry: dict[str, Any]) -> list[list[str]]:
    """The cells of the table for one resource, without its headings."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in tables([entry])[2:]]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ({"socket_address": {"address": "127.0.0.1", "port_value": 80}}, "127.0.0.1:80"),
        ({"socket_address": {"address": "::1", "port_value": 53, "protocol": "UDP"}}, "::1:53/udp"),
        ({"pipe": {"path": "/run/a.sock"}}, "/run/a.sock"),
        ({"envoy_internal_address": {}}, "internal"),
        ({}, "internal"),
    ],
)
def test_listeners_show_where_they_listen(address: dict[str, Any], shown: str) -> None:
    assert rows(given("envoy.config.listener.v3.Listener", {"address": address}, 3)) == [["web", shown, "a.yaml:3"]]


@pytest.mark.parametrize(
    ("cluster", "shown"),
    [
        ({"type": "EDS"}, ["eds"]),
        ({"cluster_type": {"name": "envoy.clusters.dynamic_forward_proxy"}}, ["dynamic_forward_proxy"]),
        ({}, ["static"]),
        ({"type": "EDS", "transport_socket": {"name": "envoy.transport_sockets.tls"}}, ["eds", "mutual TLS"]),
        (
            {"type": "EDS", "transport_socket_matches": [{"transport_socket": {"name": "tls"}}]},
            ["eds", "mutual TLS"],
        ),
    ],
)
def test_clusters_show_how_they_find_endpoints(cluster: dict[str, Any], shown: list[str]) -> None:
    assert rows(given("envoy.config.cluster.v3.Cluster", cluster, 3, 5)) == [["web", *shown, "a.yaml:3 +1"]]


def test_endpoints_show_where_they_are() -> None:
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    endpoints = [
        {"endpoint": {"address": address}, "health_status": "DRAINING", "load_balancing_weight": 3},
        {"endpoint": {"address": address}},
    ]
    entry = given("envoy.config.endpoint.v3.ClusterLoadAssignment", {"endpoints": [{"lb_endpoints": endpoints}]})
    assert rows(entry) == [["web", "10.0.0.1:80", "3", "draining"], ["web", "10.0.0.1:80", "1"]]
    assert rows({**entry, "resource": {}}) == [["web", "(none)"]]


@pytest.mark.parametrize(
    ("route", "shown"),
    [
        ({"match": {"prefix": "/"}, "route": {"cluster": "c"}}, ["/*", "c"]),
        ({"match": {"path": "/a"}, "route": {"cluster_header": "h"}}, ["= /a", "h"]),
        ({"match": {"path_separated_prefix": "/a"}, "redirect": {"host_redirect": "h"}}, ["/a/…", "redirect to h"]),
        ({"match": {"safe_regex": {"regex": "x+"}}, "direct_response": {"status": 404}}, ["~ x+", "answer 404"]),
        ({"match": {"prefix": "/", "headers": [{"name": "x"}], "query_parameters": [{"name": "q"}]}}, ["/* if x, ?q"]),
        (
            {"route": {"weighted_clusters": {"clusters": [{"name": "a", "weight": 9}, {"name": "b"}]}}},
            ["any", "a 9, b 0"],
        ),
        ({"match": {"connect_matcher": {}}, "redirect": {}}, ["…", "redirect to https"]),
    ],
)
def test_routes_show_which_requests_go_where(route: dict[str, Any], shown: list[str]) -> None:
    host = {"name": "web", "domains": ["a", "b", "c"], "routes": [route]}
    expected = [["web", "a, b +1", *shown, "a.yaml:1"]]
    assert rows(given("envoy.config.route.v3.VirtualHost", host, 1)) == expected
    assert rows(given("envoy.config.route.v3.RouteConfiguration", {"virtual_hosts": [host]}, 1)) == expected


def test_a_route_configuration_without_hosts_shows_nothing() -> None:
    assert tables([given("envoy.config.route.v3.RouteConfiguration", {"name": "x"})]) == []


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (
            {"tls_certificate": {"certificates": [{"subject_alt_names": ["a", "b"], "not_after": "2030"}]}},
            ["certificate", "a, b", "2030"],
        ),
        ({"validation_context": {"certificates": [{"subject": "CN=x"}]}}, ["trust", "CN=x"]),
        ({"tls_certificate": {}}, ["certificate"]),
        ({}, ["secret"]),
    ],
)
def test_secrets_show_what_they_are_for_and_how_long(secret: dict[str, Any], expected: list[str]) -> None:
    (row,) = rows(given("envoy.extensions.transport_sockets.tls.v3.Secret", secret))
    assert row[: len(expected) + 1] == ["web", *expected]


def test_filters_show_what_they_are() -> None:
    resource = {"typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"}}
    assert rows(given("envoy.config.core.v3.TypedExtensionConfig", resource, 3)) == [["web", "RBAC", "a.yaml:3"]]
