from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.envoy.changes import LUA, MANAGER, ROUTER, change, changes, lua
from tests.envoy.decoded import decoded
from tulle.envoy import naming, patches
from tulle.envoy.compile import compile_gateway, compile_sidecar
from tulle.envoy.patching import places
from tulle.model.extensions import EnvoyPatches
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST, Snapshot

DEMAND = frozenset(("catalogue", "query:80", "example.org"))
CATALOGUE = "outbound|8000|v1|catalogue.default.svc.cluster.local"
BREAKER = change("CLUSTER", "MERGE", {"connect_timeout": "3s"}, cluster=CATALOGUE)


@pytest.fixture
def sidecar(mesh: Mesh, instance: dict[str, Instance]) -> Snapshot:
    return compile_sidecar(mesh, instance["web-v1"], DEMAND)


def apply(mesh: Mesh, instance: Instance | None, snapshot: Snapshot, *sets: EnvoyPatches) -> patches.Patched:
    here = places.of_sidecar(mesh, instance) if instance else places.of_gateway(mesh)
    return patches.apply(snapshot, sets, here)


def test_without_changes_a_snapshot_is_the_same_object(mesh: Mesh, sidecar: Snapshot) -> None:
    assert apply(mesh, None, sidecar) == patches.Patched(sidecar)


def test_only_what_is_changed_is_another_object(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    found = apply(mesh, instance["web-v1"], sidecar, changes(BREAKER))
    before, after = sidecar.table(CLUSTER), found.snapshot.table(CLUSTER)
    assert [name for name in before if before[name] is not after[name]] == ["outbound|8000|v1|catalogue.default"]
    changed = after["outbound|8000|v1|catalogue.default"]
    assert decoded(changed)["connect_timeout"] == "3s"
    assert changed.endpoints_name == "outbound|8000|version=v1|catalogue.default"
    assert changed.origins[0] is BREAKER.origin
    assert found.snapshot.table(LISTENER) is sidecar.table(LISTENER)
    assert found.snapshot.table(VIRTUAL_HOST) is sidecar.table(VIRTUAL_HOST)
    assert found.applied == {BREAKER}
    assert found.findings == ()


def test_what_several_proxies_have_is_changed_once(mesh: Mesh, instance: dict[str, Instance]) -> None:
    everything = changes(BREAKER, lua("INSERT_BEFORE", network_filter=MANAGER, http_filter=ROUTER))
    tables = [
        apply(mesh, each, compile_sidecar(mesh, each, DEMAND), everything).snapshot
        for each in (instance["web-v1"], instance["web-v1"])
    ]
    for type_url in (LISTENER, CLUSTER):
        first, second = (each.table(type_url) for each in tables)
        assert first
        assert all(first[name] is second[name] for name in first)


def test_what_matches_nothing_leaves_the_table(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    nothing = changes(change("CLUSTER", "REMOVE", cluster="none"), change("HTTP_ROUTE", "REMOVE", route="none"))
    found = apply(mesh, instance["web-v1"], sidecar, nothing)
    assert all(found.snapshot.table(each) is sidecar.table(each) for each in (CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST))
    assert [each.message for each in patches.unapplied((nothing,), [found.applied])] == [
        "EnvoyFilter it: REMOVE of CLUSTER matches nothing in its proxies",
        "EnvoyFilter it: REMOVE of HTTP_ROUTE matches nothing in its proxies",
    ]
    assert patches.unapplied((changes(BREAKER),), [frozenset((BREAKER,))]) == ()


def test_resources_come_and_go(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    everything = changes(
        change("CLUSTER", "ADD", {"name": "static", "type": "STATIC"}),
        change("CLUSTER", "ADD", {"name": "eds", "type": "EDS"}, context="SIDECAR_OUTBOUND"),
        change("CLUSTER", "ADD", {"name": "named", "type": "EDS", "eds_cluster_config": {"service_name": "s"}}),
        change("CLUSTER", "ADD", {"name": "edge"}, context="GATEWAY"),
        change("CLUSTER", "REMOVE", cluster="PassthroughCluster"),
        change("LISTENER", "ADD", {"name": "more"}),
        change("LISTENER", "REMOVE", listener="virtualOutbound"),
        change("VIRTUAL_HOST", "REMOVE", domain="example.org"),
    )
    found = apply(mesh, instance["web-v1"], sidecar, everything)
    clusters = found.snapshot.table(CLUSTER)
    assert {name: clusters[name].endpoints_name for name in ("static", "eds", "named")} == {
        "static": "",
        "eds": "eds",
        "named": "s",
    }
    assert "edge" not in clusters
    assert naming.OUTSIDE not in clusters
    assert "more" in found.snapshot.table(LISTENER)
    assert naming.OUTBOUND not in found.snapshot.table(LISTENER)
    assert not any("example.org" in name for name in found.snapshot.table(VIRTUAL_HOST))
    assert "edge" in apply(mesh, None, compile_gateway(mesh), everything).snapshot.table(CLUSTER)


def test_what_is_there_already_cannot_be_added(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    twice = changes(change("CLUSTER", "ADD", {"name": naming.OUTSIDE}), change("CLUSTER", "ADD", {"type": "STATIC"}))
    found = apply(mesh, instance["web-v1"], sidecar, twice)
    assert [each.message for each in found.findings] == [
        'EnvoyFilter it: ADD of CLUSTER adds "outside", which exists already',
        "EnvoyFilter it: ADD of CLUSTER adds nothing: it has no name",
    ]


def test_a_cluster_may_get_endpoints_of_its_own(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    static = change("CLUSTER", "MERGE", {"type": "STRICT_DNS"}, cluster=CATALOGUE)
    outside = change("CLUSTER", "MERGE", {"connect_timeout": "1s"}, cluster="outside")
    clusters = apply(mesh, instance["web-v1"], sidecar, changes(static, outside)).snapshot.table(CLUSTER)
    assert clusters["outbound|8000|v1|catalogue.default"].endpoints_name == ""
    assert clusters["outside"].endpoints_name == ""


def test_inbound_is_known_by_the_ports_of_service_and_workload(
    mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot
) -> None:
    patch = lua("INSERT_FIRST", network_filter=MANAGER, context="SIDECAR_INBOUND", port=8000)
    found = apply(mesh, instance["web-v1"], sidecar, changes(patch)).snapshot.table(LISTENER)
    assert [name for name in found if found[name] is not sidecar.table(LISTENER)[name]] == ["inbound|http"]


def test_routes_of_sidecars_have_ports_and_filters(
    mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot
) -> None:
    fault = {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}
    value = {"typed_per_filter_config": {"envoy.filters.http.fault": fault}}
    host = "catalogue.default.svc.cluster.local:8000"
    patch = change("HTTP_ROUTE", "MERGE", value, route_configuration="8000", virtual_host=host, route="v2")
    found = apply(mesh, instance["web-v1"], sidecar, changes(patch)).snapshot.table(VIRTUAL_HOST)
    (name,) = [name for name in found if found[name] is not sidecar.table(VIRTUAL_HOST)[name]]
    assert name == "outbound.default/catalogue.default:8000"
    assert found[name].aliases == sidecar.table(VIRTUAL_HOST)[name].aliases
    (route,) = [each for each in decoded(found[name])["routes"] if each.get("name") == "v2"]
    assert list(route["typed_per_filter_config"]) == ["fault"]


def test_gateways(mesh: Mesh) -> None:
    port = mesh.listeners[Name("default", "http")].port
    snapshot = compile_gateway(mesh)
    host = change("VIRTUAL_HOST", "MERGE", {"include_request_attempt_count": True}, virtual_host=f"shop.example:{port}")
    routes = change("ROUTE_CONFIGURATION", "MERGE", {"most_specific_header_mutations_wins": True}, port=port)
    found = apply(mesh, None, snapshot, changes(host, routes)).snapshot
    changed: dict[str, Any] = {
        type_url: [name for name, each in found.table(type_url).items() if each is not snapshot.table(type_url)[name]]
        for type_url in (ROUTE, VIRTUAL_HOST)
    }
    name = f"gateway.127.0.0.1:{port}"
    assert changed == {ROUTE: [name], VIRTUAL_HOST: [f"{name}/shop.example"]}


def test_the_order_is_that_of_istio() -> None:
    made = [
        changes(name="z", created="2026-01-01T00:00:00Z"),
        changes(name="b"),
        changes(name="a"),
        changes(name="early", priority=-1),
        changes(name="root", namespace="istio-system", priority=9),
    ]
    assert [each.name.name for each in patches.ordered(made, "istio-system")] == ["root", "early", "z", "a", "b"]


def test_mistakes_and_needs_are_known_without_a_proxy() -> None:
    bad = changes(change("CLUSTER", "MERGE", {"nam": 1}))
    assert len(patches.check(bad)) == 1
    assert patches.check(changes(lua("ADD"))) == ()
    call = {"route": {"cluster": CATALOGUE}}
    needed = patches.needed_clusters((changes(change("HTTP_ROUTE", "MERGE", call)), bad))
    assert needed == {naming.ClusterName(Name("default", "catalogue"), 8000, "v1")}
    assert patches.needed_clusters(()) == frozenset()


def test_extensions_are_put_into_their_filters(mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot) -> None:
    wanted = {"name": LUA["name"], "config_discovery": {"config_source": {"ads": {}}, "type_urls": ["a"]}}
    config = change("EXTENSION_CONFIG", "ADD", LUA)
    sets = changes(config, change("HTTP_FILTER", "INSERT_FIRST", wanted, listener="virtualInbound"))
    assert config in apply(mesh, instance["web-v1"], sidecar, dataclasses.replace(sets)).applied


def test_a_change_that_fails_harms_no_other_resource(
    mesh: Mesh, instance: dict[str, Instance], sidecar: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: Any, *_: object) -> Any:
        if message.name.endswith("catalogue.default"):
            raise KeyError("x")
        return True, set()

    monkeypatch.setattr("tulle.envoy.patches.patch_cluster", fail)
    breaker = change("CLUSTER", "MERGE", {"connect_timeout": "4s"}, cluster=CATALOGUE)
    found = apply(mesh, instance["web-v1"], sidecar, changes(breaker))
    failed = {name: each for name, each in found.snapshot.table(CLUSTER).items() if each.failure}
    assert failed
    assert all(name.endswith("catalogue.default") for name in failed)
    assert all(each.origins[0] is breaker.origin for each in failed.values())
    assert found.applied == {breaker}
    again = apply(mesh, instance["web-v1"], found.snapshot, changes(breaker))
    assert all(again.snapshot.table(CLUSTER)[name] is each for name, each in failed.items())
