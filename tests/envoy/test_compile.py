from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.envoy.conftest import PORTS
from tests.envoy.decoded import Json, decoded, everything
from tests.envoy.kitchen import HERE, backend, http, prefix, rule, service
from tests.envoy.policies import authorizer, custom, guard
from tulle.envoy.callers import Caller
from tulle.envoy.compile import compile_authority, compile_gateway, compile_sidecar, named_clusters
from tulle.envoy.gateway_hosts import Memory
from tulle.envoy.naming import ClusterName
from tulle.model.extensions import Scope
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.policies import ConnectionPool, Policy
from tulle.model.routes import Forward, Respond, RouteRule, RouteSet, Source, StreamMatch, StreamRule
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Forward as LocalPort
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, DELIVERY_ORDER, LISTENER, ROUTE, VIRTUAL_HOST, Snapshot

GOLDEN = Path(__file__).parents[1] / "golden/envoy"
DEMAND = frozenset(("catalogue", "ratings:9000", "db:5432", "nope", "example.org:443", "catalogue:1"))


def agrees(name: str, snapshot: Snapshot) -> bool:
    """Compare with the golden case; `UPDATE_GOLDEN=1` writes it."""
    file = GOLDEN / f"{name}.json"
    found = json.dumps(everything(snapshot), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
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
    memory = Memory()
    for first, second in (*pairs, (compile_gateway(mesh, memory), compile_gateway(mesh, memory))):
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
        "forward|5353/udp|dns.default",
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
    shown = everything(guarded)["TypedExtensionConfig"]
    reading = {f"custom@gateway|127.0.0.1:{PORTS[f'gateway-{name}']}" for name in ("http", "https", "plain")}
    asked = {name.rpartition("|")[0] for name, each in shown.items() if "custom.match.x" in str(each)}
    assert {each for each in asked if each.startswith("custom@")} == reading


def called(mesh: Mesh, authority: str, seen: Scope | None = None, **caller: Any) -> tuple[list[str], Json]:
    """The clusters that calls of a workload need, and their virtual host."""
    found = compile_authority(mesh, Caller(**{"namespace": "default", **caller}), authority, seen)
    return [each.name for each in found.clusters], decoded(found.host)


def about(*rules: RouteRule, name: str = "r", **more: Any) -> RouteSet:
    return RouteSet(name=Name("default", name), origin=HERE, rules=rules, **more)


def world(*services: Service, **more: Any) -> Mesh:
    hosts = {host: (each.name,) for each in services for host in (*each.hosts, *each.virtual_addresses)}
    return Mesh(services={each.name: each for each in services}, hosts=hosts, **more)


TO_API = rule("to-api", Forward(backends=(backend("api"),)))
API, HIDDEN = service("api", http(80)), service("hidden", http(80), allow=())


def test_rules_may_be_about_a_host_that_no_service_has() -> None:
    sets = (about(TO_API, mesh_hosts=("v.test",)), about(rule("no", Forward(backends=(backend("hidden"),))), name="s"))
    mesh = world(API, HIDDEN, host_routes={"v.test": sets})
    clusters, host = called(mesh, "V.test:81")
    assert host["name"] == "outbound.default/v.test:81"
    assert clusters == ["outbound|80||api.default", "connect"], "whoever may not be called has no cluster"
    assert host["routes"][0]["route"]["cluster"] == "outbound|80||api.default"
    assert called(mesh, "v.test")[1]["domains"] == ["v.test"]


def test_rules_are_for_those_to_whom_they_are_exported_and_whom_they_mean() -> None:
    near = rule("near", Respond(status=201), prefix("/near", source=Source(labels=(("app", "web"),))))
    at_81 = rule("81", Respond(status=202), prefix("/81", ports=(81,)))
    sets = (about(near, at_81, exports=(".",)), about(rule("all", Respond(status=203)), name="every"))
    mesh = world(service("web", http(80), Port(name="admin", number=81)), host_routes={"*": sets})

    def answers(authority: str, **caller: Any) -> list[int]:
        routes = called(mesh, authority, **caller)[1]["routes"]
        return [each["direct_response"]["status"] for each in routes if "direct_response" in each]

    assert answers("web.default") == [203]
    assert answers("web.default", labels=(("app", "web"),)) == [201, 203]
    assert answers("web.default:81") == [202, 203]
    assert answers("web.default:81", namespace="other", labels=(("app", "web"),)) == [203]
    assert answers("x.test:81", labels=(("app", "web"),)) == [201, 202, 203, 404]
    assert answers("x.test", namespace="other") == [203, 404]


def test_hosts_of_a_wildcard_are_compiled_one_by_one() -> None:
    wild = service("wild", http(80), hosts=("*.wild.test",), virtual_addresses=("10.0.0.1",))
    rules = about(rule("a", Respond(status=201)), mesh_hosts=("a.wild.test",))
    mesh = world(wild, API, host_routes={"a.wild.test": (rules,), "10.0.0.1": (about(TO_API),)})
    clusters, host = called(mesh, "a.wild.test")
    assert (host["name"], host["domains"]) == ("outbound.default/a.wild.test", ["a.wild.test"])
    assert host["routes"][0]["direct_response"]["status"] == 201
    clusters, host = called(mesh, "b.wild.test:80")
    assert clusters == ["outbound|80||wild.default", "connect"]
    assert host["routes"][0]["route"]["cluster"] == "outbound|80||wild.default"
    clusters, host = called(mesh, "10.0.0.1")
    assert (host["domains"], clusters[1]) == (["10.0.0.1"], "outbound|80||api.default")


def test_a_scope_says_what_a_workload_sees() -> None:
    mesh = world(service("web", http(80)), API)
    only_web = Scope(name=Name("default", "s"), origin=HERE, hosts=((".", "web.default.svc.cluster.local"),))
    assert called(mesh, "web", only_web)[0] == ["outbound|80||web.default", "connect"]
    clusters, host = called(mesh, "api", only_web)
    assert clusters == []
    assert host["routes"][0]["direct_response"]["status"] == 404


@pytest.mark.parametrize(
    ("closed", "allow_outside", "is_passed"),
    [(None, True, True), (None, False, False), (True, True, False), (False, False, True)],
)
def test_a_scope_may_open_and_close_the_way_outside(closed: bool | None, allow_outside: bool, is_passed: bool) -> None:
    mesh = Mesh(settings=Settings(allow_outside=allow_outside))
    seen = Scope(name=Name("default", "s"), origin=HERE, is_registry_only=closed)
    assert (called(mesh, "example.org", seen)[0] == ["outside"]) is is_passed
    assert (called(mesh, "example.org")[0] == ["outside"]) is allow_outside


DB_PORT = Port(name="tcp", number=5432, protocol=Protocol.TCP)
DB, REPLICA = service("db", DB_PORT), service("replica", DB_PORT)
TO_DB = LocalPort(service=DB.name, port=5432, protocol=Protocol.TCP, address="127.0.0.1:15432")


def forwarded(mesh: Mesh, web: Instance, to: LocalPort = TO_DB) -> tuple[list[str], Json]:
    """The clusters of a sidecar with one local port, and what its bytes are sent to."""
    found = compile_sidecar(mesh, replace(web, forwards=(to,), bindings=()), frozenset())
    (chain,) = decoded(found.table(LISTENER)[f"forward|{to.port}|{to.service}"])["filter_chains"]
    return list(found.table(CLUSTER)), chain["filters"][-1]["typed_config"]


def test_rules_for_connections_hold_for_local_ports(instance: dict[str, Instance]) -> None:
    stream = StreamRule(
        name="s",
        origin=HERE,
        matches=(StreamMatch(),),
        backends=(backend("db", weight=3), backend("replica"), backend("hidden")),
    )
    rules = about(streams=(stream,), service=DB.name)
    mesh = world(DB, REPLICA, HIDDEN, service_routes={DB.name: (rules,)})
    clusters, proxy = forwarded(mesh, instance["web-v1"])
    assert clusters == ["outbound|5432||db.default", "outbound|5432||replica.default"]
    assert [(each["name"], each["weight"]) for each in proxy["weighted_clusters"]["clusters"]] == [
        ("outbound|5432||db.default", 3),
        ("outbound|5432||replica.default", 1),
        ("outbound|80||hidden.default", 1),
    ]
    assert forwarded(replace(mesh, service_routes={}), instance["web-v1"])[1]["cluster"] == "outbound|5432||db.default"


def test_the_policy_of_a_service_holds_for_its_local_port(instance: dict[str, Instance]) -> None:
    patient = replace(DB, policy=Policy(pool=ConnectionPool(tcp_idle_timeout=7)))
    assert forwarded(world(patient), instance["web-v1"])[1]["idle_timeout"] == "7s"


def test_a_wildcard_may_have_a_local_port(instance: dict[str, Instance]) -> None:
    wild = replace(DB, hosts=("*.db.test",))
    assert forwarded(world(wild), instance["web-v1"])[1]["cluster"] == "outbound|5432||db.default"


@pytest.mark.parametrize("reason", ["port", "exports", "allow", "scope", "service"])
def test_local_ports_of_what_cannot_be_called_are_closed(instance: dict[str, Instance], reason: str) -> None:
    closed = {
        "port": replace(DB, ports=()),
        "exports": replace(DB, exports=("other",)),
        "allow": replace(DB, allow=()),
        "scope": DB,
        "service": REPLICA,
    }
    web = instance["web-v1"]
    blind = guard(scope=Scope(name=Name("default", "s"), origin=HERE, hosts=()), ports=())
    mesh = world(closed[reason], guards={web.workload: blind} if reason == "scope" else {})
    clusters, proxy = forwarded(mesh, web)
    assert (clusters, proxy["cluster"]) == ([], "placeholder")


def test_clusters_can_be_asked_for_by_name() -> None:
    caller = Caller(namespace="default")
    names = (ClusterName(API.name, 80, ""), ClusterName(API.name, 81, ""), ClusterName(DB.name, 5432, ""))
    found = named_clusters(world(API, REPLICA), caller, names)
    assert [each.name for each in found] == ["outbound|80||api.default"]
