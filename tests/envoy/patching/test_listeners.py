from __future__ import annotations

from typing import Any

import pytest
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tests.envoy.changes import LUA, MANAGER, ROUTER, change, lua
from tulle.envoy.filters.base import HttpFilter
from tulle.envoy.patching import listeners, values
from tulle.envoy.patching.facts import Facts
from tulle.model.extensions import FilterClass, Patch, PatchContext

TYPE = "type.googleapis.com/envoy.extensions.filters"
INBOUND = Facts(PatchContext.SIDECAR_INBOUND, frozenset((9080,)))
FILTERS: list[dict[str, Any]] = [
    {"name": "jwt", "typed_config": {"@type": f"{TYPE}.http.jwt_authn.v3.JwtAuthentication"}},
    {"name": "access", "typed_config": {"@type": f"{TYPE}.http.rbac.v3.RBAC"}},
    {"name": "fault", "typed_config": {"@type": f"{TYPE}.http.fault.v3.HTTPFault"}},
    {"name": "router", "typed_config": {"@type": f"{TYPE}.http.router.v3.Router"}},
]
TCP = {
    "name": "tcp",
    "typed_config": {"@type": f"{TYPE}.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "a", "cluster": "c"},
}
ROUTE = {"match": {"prefix": "/"}, "route": {"cluster": "c"}}
ROUTES = {"name": "inbound", "virtual_hosts": [{"name": "application", "domains": ["*"], "routes": [ROUTE]}]}
NAME = "envoy.filters.http.lua"
FAULT = "envoy.filters.http.fault"
MANAGER_TYPE = f"{TYPE}.network.http_connection_manager.v3.HttpConnectionManager"


CONTENTS: dict[str, tuple[HttpFilter, ...]] = {}


def at(http_filter: str) -> dict[str, str]:
    """A match of an HTTP filter."""
    return {"network_filter": MANAGER, "http_filter": http_filter}


def listener() -> listener_pb2.Listener:
    manager = {
        "@type": MANAGER_TYPE,
        "stat_prefix": "in",
        "http_filters": FILTERS,
        "route_config": ROUTES,
    }
    chains = [
        {
            "name": "web",
            "filter_chain_match": {"server_names": ["a.example"], "application_protocols": ["h2"]},
            "transport_socket": {"name": "tls"},
            "filters": [{"name": "http", "typed_config": manager}],
        },
        {"name": "bytes", "filter_chain_match": {"destination_port": 1}, "filters": [TCP]},
    ]
    inspector = {"@type": f"{TYPE}.listener.tls_inspector.v3.TlsInspector"}
    value = {
        "name": "inbound|http",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 8080}},
        "listener_filters": [{"name": "tls_inspector", "typed_config": inspector}],
        "filter_chains": chains,
        "default_filter_chain": {"name": "rest", "filters": [TCP]},
    }
    found = values.message(change("LISTENER", "ADD", value))
    assert isinstance(found, listener_pb2.Listener)
    return found


def manager(of: listener_pb2.Listener) -> Any:
    found = http_connection_manager_pb2.HttpConnectionManager()
    assert of.filter_chains[0].filters[0].typed_config.Unpack(found)
    return found


def patched(*patches: Patch, facts: Facts = INBOUND, extensions: tuple[Patch, ...] = ()) -> tuple[Any, set[Patch]]:
    found = listener()
    is_kept, applied = listeners.patch_listener(found, patches, facts, listeners.Beside(extensions, CONTENTS))
    return (found if is_kept else None), applied


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        (lua("ADD"), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", filter_class=FilterClass.AUTHN), ["jwt", NAME, "access", "fault", "router"]),
        (lua("ADD", filter_class=FilterClass.AUTHZ), ["jwt", "access", NAME, "fault", "router"]),
        (lua("ADD", filter_class=FilterClass.STATS), ["jwt", "access", "fault", NAME, "router"]),
        (lua("INSERT_FIRST", network_filter=MANAGER), [NAME, "jwt", "access", "fault", "router"]),
        (lua("INSERT_BEFORE", **at(ROUTER)), ["jwt", "access", "fault", NAME, "router"]),
        (lua("INSERT_BEFORE", network_filter=MANAGER), [NAME, "jwt", "access", "fault", "router"]),
        (
            lua("INSERT_AFTER", network_filter="envoy.http_connection_manager", http_filter="envoy.filters.http.rbac"),
            ["jwt", "access", NAME, "fault", "router"],
        ),
        (lua("INSERT_AFTER", network_filter="http", http_filter="access"), ["jwt", "access", NAME, "fault", "router"]),
        (lua("INSERT_BEFORE", **at("envoy.filters.http.cors")), None),
        (lua("INSERT_BEFORE", network_filter="envoy.filters.network.thrift_proxy", http_filter=ROUTER), None),
        (lua("REPLACE", **at(FAULT)), ["jwt", "access", NAME, "router"]),
        (lua("REPLACE"), None),
        (change("HTTP_FILTER", "REPLACE", {"disabled": True, **FILTERS[2]}), ["jwt", "access", "fault", "router"]),
        (change("HTTP_FILTER", "REMOVE", **at("envoy.filters.http.rbac")), ["jwt", "fault", "router"]),
        (change("HTTP_FILTER", "REMOVE", **at("envoy.filters.http.cors")), None),
        (lua("ADD", port=9080, context="SIDECAR_INBOUND"), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", port=8080), None),
        (lua("ADD", context="GATEWAY"), None),
        (lua("ADD", listener="virtualInbound"), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", server_name="b.example"), None),
        (lua("ADD", filter_chain="web"), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", filter_chain="bytes"), None),
        (lua("ADD", transport_protocol="tls"), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", transport_protocol="raw_buffer"), None),
        (lua("ADD", application_protocols=("h2",)), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", application_protocols=("h2", "http/1.1")), None),
        (lua("ADD", destination_port=9080), ["jwt", "access", "fault", NAME, "router"]),
        (lua("ADD", destination_port=5), None),
    ],
)
def test_http_filters(patch: Patch, names: list[str] | None) -> None:
    found, applied = patched(patch)
    assert [each.name for each in manager(found).http_filters] == (names or [each["name"] for each in FILTERS])
    assert applied == ({patch} if names else set())


def test_a_filter_that_is_replaced_by_its_like_keeps_its_name() -> None:
    like = {"name": FAULT, "typed_config": {"@type": f"{TYPE}.http.lua.v3.Lua"}}
    found, _ = patched(change("HTTP_FILTER", "REPLACE", like | {"name": NAME}, **at("fault")))
    assert manager(found).http_filters[2].name == NAME
    own = change("HTTP_FILTER", "REPLACE", {**FILTERS[2], "name": FAULT}, **at("fault"))
    assert manager(patched(own)[0]).http_filters[2].name == "fault"


def test_merges_come_after_what_is_inserted() -> None:
    code = {"typed_config": {**LUA["typed_config"], "default_source_code": {"inline_string": "x"}}}  # type: ignore[dict-item]
    merge = change("HTTP_FILTER", "MERGE", code, **at(NAME))
    insert = lua("INSERT_FIRST", network_filter=MANAGER)
    found, applied = patched(merge, insert)
    assert b"x" in manager(found).http_filters[0].typed_config.value
    assert applied == {merge, insert}


def test_a_merged_filter_keeps_its_name_unless_it_gets_another() -> None:
    router = {
        "name": ROUTER,
        "typed_config": {"@type": f"{TYPE}.http.router.v3.Router", "suppress_envoy_headers": True},
    }
    renamed = {"name": "mine", "disabled": True}
    found, _ = patched(
        change("HTTP_FILTER", "MERGE", router, **at(ROUTER)),
        change("HTTP_FILTER", "MERGE", renamed, **at("fault")),
        change("HTTP_FILTER", "MERGE", {"is_optional": True}, **at("jwt")),
    )
    filters = manager(found).http_filters
    assert [each.name for each in filters] == ["jwt", "access", "mine", "router"]
    assert (filters[0].is_optional, filters[2].disabled, len(filters[3].typed_config.value)) == (True, True, 2)


def test_a_filter_that_is_to_be_discovered_gets_its_configuration_here() -> None:
    wanted = {"name": NAME, "config_discovery": {"config_source": {"ads": {}}, "type_urls": ["a"]}}
    config = change("EXTENSION_CONFIG", "ADD", LUA)
    other = change("EXTENSION_CONFIG", "ADD", {**LUA, "name": "other"})
    found, applied = patched(change("HTTP_FILTER", "INSERT_FIRST", wanted), extensions=(other, config))
    assert manager(found).http_filters[0].HasField("typed_config")
    assert config in applied
    assert other not in applied


def test_network_filters() -> None:
    rbac = {
        "name": "envoy.filters.network.rbac",
        "typed_config": {"@type": f"{TYPE}.network.rbac.v3.RBAC", "stat_prefix": "x"},
    }
    merge = {"name": MANAGER, "typed_config": {"@type": MANAGER_TYPE, "server_name": "x"}}
    add = change("NETWORK_FILTER", "ADD", rbac)
    overwrite = change("NETWORK_FILTER", "MERGE", merge, network_filter=MANAGER)
    remove = change("NETWORK_FILTER", "REMOVE", network_filter="envoy.filters.network.tcp_proxy", filter_chain="bytes")
    found, applied = patched(add, overwrite, remove)
    assert [[each.name for each in chain.filters] for chain in found.filter_chains] == [
        ["envoy.filters.network.rbac", "http"],
        ["envoy.filters.network.rbac"],
    ]
    assert [each.name for each in found.default_filter_chain.filters] == ["envoy.filters.network.rbac", "tcp"]
    assert applied == {add, overwrite, remove}


def test_filter_chains() -> None:
    add = change("FILTER_CHAIN", "ADD", {"name": "new", "filters": [TCP]})
    remove = change("FILTER_CHAIN", "REMOVE", filter_chain="bytes")
    merge = change("FILTER_CHAIN", "MERGE", {"transport_socket_connect_timeout": "1s"}, server_name="a.example")
    found, applied = patched(add, remove, merge)
    assert [each.name for each in found.filter_chains] == ["web", "new"]
    assert found.filter_chains[0].transport_socket_connect_timeout.seconds == 1
    assert applied == {add, remove, merge}


def test_listener_filters() -> None:
    proxy = {"name": "proxy", "typed_config": {"@type": f"{TYPE}.listener.proxy_protocol.v3.ProxyProtocol"}}
    before = change("LISTENER_FILTER", "INSERT_BEFORE", proxy, listener_filter="envoy.filters.listener.tls_inspector")
    last = change("LISTENER_FILTER", "ADD", {**proxy, "name": "last"})
    found, _ = patched(before, last)
    assert [each.name for each in found.listener_filters] == ["proxy", "tls_inspector", "last"]


def test_listeners() -> None:
    merge = change("LISTENER", "MERGE", {"per_connection_buffer_limit_bytes": 7}, listener="virtualInbound")
    found, applied = patched(merge, change("LISTENER", "ADD", {"name": "x"}))
    assert (found.per_connection_buffer_limit_bytes.value, applied) == (7, {merge})
    remove = change("LISTENER", "REMOVE", listener="inbound|http")
    assert patched(remove) == (None, {remove})


def test_gateways_are_meant_by_the_port_that_was_written() -> None:
    gateway = Facts(PatchContext.GATEWAY)
    for port, expected in ((80, True), (8080, True), (81, False)):
        patch = change("LISTENER", "MERGE", {"stat_prefix": "x"}, listener=f"0.0.0.0_{port}")
        assert patched(patch, facts=gateway)[1] == ({patch} if expected else set())


def test_routes_in_a_listener() -> None:
    fault = {"@type": f"{TYPE}.http.fault.v3.HTTPFault"}
    route = change("HTTP_ROUTE", "MERGE", {"typed_per_filter_config": {FAULT: fault}}, port=9080)
    host = change("VIRTUAL_HOST", "MERGE", {"domains": ["x"]}, virtual_host="inbound|http|9080")
    found, applied = patched(route, host)
    (changed,) = manager(found).route_config.virtual_hosts
    assert list(changed.domains) == ["*", "x"]
    assert set(changed.routes[0].typed_per_filter_config) == {"fault"}
    assert applied == {route, host}


def test_listeners_without_routes_of_their_own_are_left_alone() -> None:
    found = listener()
    changed = manager(found)
    changed.ClearField("route_config")
    found.filter_chains[0].filters[0].typed_config.Pack(changed)
    found.ClearField("default_filter_chain")
    patch = change("HTTP_ROUTE", "REMOVE")
    assert listeners.patch_listener(found, (patch,), INBOUND) == (True, set())


def test_filters_that_routes_can_configure() -> None:
    assert ("envoy.filters.http.rbac", "access") in set(listeners.http_filters(listener()))
    slot = listener()
    changed = manager(slot)
    changed.http_filters[0].Clear()
    changed.http_filters[0].name = "tokens@inbound|http"
    slot.filter_chains[0].filters[0].typed_config.Pack(changed)
    assert ("envoy.filters.http.jwt_authn", "tokens@inbound|http") in set(listeners.http_filters(slot))


def test_filters_that_are_delivered_beside_the_listener_are_meant_too(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = HttpFilter(name="inner")
    inner.typed_config.Pack(rbac_pb2.RBAC())
    monkeypatch.setitem(CONTENTS, "access", (inner,))
    before, _ = patched(lua("INSERT_BEFORE", **at("inner")))
    assert [each.name for each in manager(before).http_filters] == ["jwt", NAME, "access", "fault", "router"]
    without, _ = patched(change("HTTP_FILTER", "REMOVE", **at("inner")))
    assert [each.name for each in manager(without).http_filters] == ["jwt", "fault", "router"]
