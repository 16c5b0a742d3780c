from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from tests.envoy.decoded import everything
from tests.envoy.kitchen import HERE, backend, http, rule, service
from tests.envoy.policies import authorizer, custom, guard
from tulle.envoy.callers import Caller
from tulle.envoy.compile import compile_authority, compile_gateway, compile_sidecar
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Forward, RouteSet
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, DELIVERY_ORDER, LISTENER, ROUTE, VIRTUAL_HOST, Snapshot

GOLDEN = Path(__file__).parents[1] / "golden/envoy"
DEMAND = frozenset(("catalogue", "ratings:9000", "db:5432", "nope", "example.org:443", "catalogue:1"))


def agrees(name: str, snapshot: Snapshot) -> bool:
    """Compare with the golden case; `TULLE_GOLDEN=write` writes it."""
    file = GOLDEN / f"{name}.json"
    found = json.dumps(everything(snapshot), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("TULLE_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found)
    return file.read_text() == found


@pytest.mark.parametrize("proxy", ["web-v1", "guarded-v1", "limited-v1", "ratings-v1", "dns-v1"])
def test_sidecars_have_what_the_golden_cases_say(mesh: Mesh, instance: dict[str, Instance], proxy: str) -> None:
    demand = DEMAND if proxy == "web-v1" else frozenset()
    assert agrees(f"sidecar-{proxy}", compile_sidecar(mesh, instance[proxy], demand))


def test_the_gateway_has_what_the_golden_case_says(mesh: Mesh) -> None:
    assert agrees("gateway", compile_gateway(mesh))


def test_equal_input_gives_identical_resources(mesh: Mesh, instance: dict[str, Instance]) -> None:
    pairs = [(compile_sidecar(mesh, instance["web-v1"], DEMAND), compile_sidecar(mesh, instance["web-v1"], DEMAND))]
    for first, second in (*pairs, (compile_gateway(mesh), compile_gateway(mesh))):
        for type_url in DELIVERY_ORDER:
            assert list(first.table(type_url)) == list(second.table(type_url))
            assert all(first.table(type_url)[name] is each for name, each in second.table(type_url).items())


def test_everything_has_an_origin(mesh: Mesh, instance: dict[str, Instance]) -> None:
    for snapshot in (compile_sidecar(mesh, instance["web-v1"], DEMAND), compile_gateway(mesh)):
        for table in snapshot.tables.values():
            assert all(each.origins for each in table.values())


class Counting(dict[Name, object]):
    """Counts what is looked up, and refuses to be walked over."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.asked: set[Name] = set()

    def __getitem__(self, name: Name) -> object:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: Name, default: object = None) -> object:
        self.asked.add(name)
        return super().get(name, default)

    def values(self) -> NoReturn:
        raise AssertionError("the whole mesh was looked at")

    __iter__ = items = keys = values


def test_a_sidecar_touches_only_what_it_asks_for(instance: dict[str, Instance]) -> None:
    services = Counting({Name("default", f"s{number}"): service(f"s{number}", http()) for number in range(20_000)})
    guards = Counting()
    mesh = Mesh(services=services, guards=guards)  # type: ignore[arg-type]
    snapshot = compile_sidecar(mesh, instance["web-v1"], frozenset(("s1", "s2:8000", "s3.default.svc")))
    assert {each.name for each in services.asked} == {"s1", "s2", "s3", "db", "dns"}
    assert guards.asked == {Name("default", "web")}
    assert len(snapshot.table(CLUSTER)) == 4
    assert len(snapshot.table(VIRTUAL_HOST)) == 4


def test_a_listener_stays_when_demand_and_routes_change(mesh: Mesh, instance: dict[str, Instance]) -> None:
    before = compile_sidecar(mesh, instance["web-v1"], frozenset())
    after = compile_sidecar(mesh, instance["web-v1"], DEMAND)
    for type_url in (LISTENER, ROUTE):
        assert all(before.table(type_url)[name] is each for name, each in after.table(type_url).items())


def test_two_names_of_a_service_are_one_virtual_host(mesh: Mesh, instance: dict[str, Instance]) -> None:
    names = frozenset(("catalogue", "catalogue:8000", "catalogue.default", "CATALOGUE.default.svc"))
    assert len(compile_sidecar(mesh, instance["web-v1"], names).table(VIRTUAL_HOST)) == 2


def test_an_instance_of_a_removed_service_still_calls_others(mesh: Mesh, instance: dict[str, Instance]) -> None:
    snapshot = compile_sidecar(Mesh(), instance["web-v1"], frozenset())
    assert set(snapshot.table(LISTENER)) == {
        "outbound",
        "connect",
        "forward|5432|db.default",
        "forward|5353|dns.default",
    }
    assert set(snapshot.table(CLUSTER)) == set()


def test_local_ports_without_an_address_wait_for_one(instance: dict[str, Instance]) -> None:
    waiting = replace(
        instance["web-v1"],
        forwards=tuple(replace(each, address="") for each in instance["web-v1"].forwards),
        outbound="",
    )
    assert compile_sidecar(Mesh(), waiting, frozenset()).table(LISTENER) == {}


def test_ports_that_a_service_no_longer_has_are_not_opened(mesh: Mesh, instance: dict[str, Instance]) -> None:
    (binding,) = instance["catalogue-v1"].bindings
    other = replace(instance["catalogue-v1"], bindings=(replace(binding, name="gone"),))
    assert compile_sidecar(mesh, other, frozenset()).table(LISTENER) == {}


def test_callers_that_may_not_call_get_no_cluster(mesh: Mesh) -> None:
    stranger = compile_authority(mesh, Caller(namespace="default", account="stranger"), "ratings:9000")
    assert [each.name for each in stranger.clusters] == ["connect"]
    friend = compile_authority(mesh, Caller(namespace="default", account="web"), "ratings:9000")
    assert [each.name for each in friend.clusters] == ["outbound|9000||ratings.default", "connect"]


def test_backends_that_may_not_be_called_are_left_out() -> None:
    shared = Forward(backends=(backend("web"), backend("closed")))
    rules = RouteSet(name=Name("default", "r"), origin=HERE, service=Name("default", "web"), rules=(rule("r", shared),))
    both = (service("web", http()), service("closed", http(), allow=()))
    mesh = Mesh(services={each.name: each for each in both}, service_routes={both[0].name: (rules,)})
    found = compile_authority(mesh, Caller(namespace="default", account="me"), "web")
    assert [each.name for each in found.clusters] == ["outbound|8000||web.default", "connect"]


def test_only_the_mesh_may_be_called_if_so_set(mesh: Mesh, instance: dict[str, Instance]) -> None:
    strict = replace(mesh, settings=Settings(allow_outside=False))
    assert "outside" in compile_sidecar(mesh, instance["web-v1"], DEMAND).table(CLUSTER)
    assert "outside" not in compile_sidecar(strict, instance["web-v1"], DEMAND).table(CLUSTER)


def test_a_guard_takes_the_place_of_what_the_service_says(mesh: Mesh, instance: dict[str, Instance]) -> None:
    catalogue = instance["catalogue-v1"]
    asking = guard(
        custom("x"), workload=catalogue.workload, ports=(http(),), authorizers=(authorizer("x", "web", 8000),)
    )
    found = compile_sidecar(replace(mesh, guards={catalogue.workload: asking}), catalogue, frozenset())
    assert set(found.table(CLUSTER)) == {"inbound|http", "outbound|8000||web.default"}
    assert "custom.match.x" in str(everything(found))
    assert found.table(LISTENER)["inbound|http"].origins == (asking.origin, HERE)


def test_the_gateway_has_a_guard_of_its_own(mesh: Mesh) -> None:
    asking = guard(custom("x"), authorizers=(authorizer("x", "web", 8000),))
    plain, guarded = compile_gateway(mesh), compile_gateway(replace(mesh, gateway_guard=asking))
    assert set(guarded.table(CLUSTER)) - set(plain.table(CLUSTER)) == {"outbound|8000||web.default"}
    shown = everything(guarded)["Listener"]
    assert [name for name, each in shown.items() if "custom.match.x" in str(each)] == ["http", "https", "plain"]
