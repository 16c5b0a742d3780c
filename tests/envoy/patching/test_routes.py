from __future__ import annotations

from typing import Any

import pytest
from envoy.config.route.v3 import route_components_pb2, route_pb2

from tests.envoy.changes import change
from tulle.envoy.patching import routes
from tulle.envoy.patching.facts import Facts
from tulle.model.extensions import Patch, PatchContext

FACTS = Facts(PatchContext.GATEWAY, frozenset((80,)), filters=(("envoy.filters.http.fault", "fault"),))
FAULT = {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}


def host(name: str = "h") -> route_components_pb2.VirtualHost:
    found = route_components_pb2.VirtualHost(name=name, domains=[f"{name}.example"])
    found.routes.add(name="first").route.cluster = "c"
    found.routes.add(name="moved").redirect.https_redirect = True
    found.routes.add().direct_response.status = 404
    return found


def patched(*patches: Patch) -> tuple[Any, set[Patch]]:
    configuration = route_pb2.RouteConfiguration(name="r", virtual_hosts=[host("h"), host("i")])
    return configuration, routes.patch_configuration(configuration, patches, FACTS)


def test_a_configuration_is_merged() -> None:
    patch = change("ROUTE_CONFIGURATION", "MERGE", {"max_direct_response_body_size_bytes": 5}, port=80)
    other = change("ROUTE_CONFIGURATION", "MERGE", {"name": "x"}, port=81)
    found, applied = patched(patch, other)
    assert (found.max_direct_response_body_size_bytes.value, found.name, applied) == (5, "r", {patch})


def test_virtual_hosts_come_and_go_and_change() -> None:
    remove = change("VIRTUAL_HOST", "REMOVE", virtual_host="i")
    replace = change("VIRTUAL_HOST", "REPLACE", {"name": "x", "domains": ["x.example"]}, domain="h.example")
    add = change("VIRTUAL_HOST", "ADD", {"name": "new", "domains": ["new.example"]})
    merge = change("VIRTUAL_HOST", "MERGE", {"domains": ["y.example"]}, virtual_host="h")
    other = change("VIRTUAL_HOST", "MERGE", {"domains": ["z.example"]}, context="SIDECAR_INBOUND")
    found, applied = patched(remove, replace, add, merge, other)
    assert [(each.name, list(each.domains)) for each in found.virtual_hosts] == [
        ("h", ["x.example", "y.example"]),
        ("new", ["new.example"]),
    ]
    assert applied == {remove, replace, add, merge}


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        (change("HTTP_ROUTE", "REMOVE", route="moved"), ["first", ""]),
        (change("HTTP_ROUTE", "REMOVE", route="default"), ["first", "moved"]),
        (change("HTTP_ROUTE", "MERGE", {"name": "x"}, route_action="REDIRECT"), ["first", "x", ""]),
        (change("HTTP_ROUTE", "MERGE", {"name": "x"}, route_action="DIRECT_RESPONSE"), ["first", "moved", "x"]),
        (change("HTTP_ROUTE", "MERGE", {"name": "x"}, route="first", route_action="ROUTE"), ["x", "moved", ""]),
        (change("HTTP_ROUTE", "ADD", {"name": "x"}), ["first", "moved", "", "x"]),
        (change("HTTP_ROUTE", "INSERT_FIRST", {"name": "x"}), ["x", "first", "moved", ""]),
        (change("HTTP_ROUTE", "INSERT_FIRST", {"name": "x"}, route="moved"), ["x", "first", "moved", ""]),
        (change("HTTP_ROUTE", "INSERT_FIRST", {"name": "x"}, route="none"), None),
        (change("HTTP_ROUTE", "INSERT_BEFORE", {"name": "x"}, route="moved"), ["first", "x", "moved", ""]),
        (change("HTTP_ROUTE", "INSERT_AFTER", {"name": "x"}, route="moved"), ["first", "moved", "x", ""]),
        (change("HTTP_ROUTE", "INSERT_AFTER", {"name": "x"}, route="none"), None),
    ],
)
def test_routes(patch: Patch, names: list[str] | None) -> None:
    found, applied = patched(patch)
    assert [each.name for each in found.virtual_hosts[0].routes] == (names or ["first", "moved", ""])
    assert applied == ({patch} if names else set())


def test_filters_are_configured_by_the_names_that_they_have_here() -> None:
    config = {"typed_per_filter_config": {"envoy.filters.http.fault": FAULT, "own": FAULT}}
    found, _ = patched(
        change("HTTP_ROUTE", "MERGE", config, route="first"),
        change("VIRTUAL_HOST", "ADD", {"name": "new", "routes": [config]}),
    )
    for route in (found.virtual_hosts[0].routes[0], found.virtual_hosts[-1].routes[0]):
        assert set(route.typed_per_filter_config) == {"fault", "own"}


def test_a_filter_that_somebody_added_under_envoys_name_keeps_it() -> None:
    name = "envoy.filters.http.fault"
    here = Facts(PatchContext.GATEWAY, filters=((name, "fault"), (name, name)))
    found = host()
    patch = change("HTTP_ROUTE", "MERGE", {"typed_per_filter_config": {name: FAULT}}, route="first")
    routes.patch_virtual_host(found, "r", (patch,), here)
    assert set(found.routes[0].typed_per_filter_config) == {name}
