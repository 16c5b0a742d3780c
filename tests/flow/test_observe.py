from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.isolation import HERE, endless
from tests.flow.world import World, instance, mesh, name, route_set
from tulle.flow.observe import Observer
from tulle.model.documents import BUILT_IN, Document, Key, Origin
from tulle.model.extensions import EnvoyPatches, Patch, PatchMatch, PatchOperation, PatchPlace
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import RateLimit
from tulle.model.security import RequestAuthentication
from tulle.model.statuses import Condition, Status
from tulle.model.workloads import InstanceState
from tulle.xds.messages import Node
from tulle.xds.snapshot import CLUSTER, LISTENER


@pytest.fixture
def observer(world: World) -> Observer:
    return Observer(world.publisher, world.hosts)


def test_an_empty_mesh_is_ready_and_has_nothing_to_say(observer: Observer) -> None:
    assert observer.is_ready
    assert observer.findings == ()
    assert observer.proxies() == ()


def test_without_an_agent_nothing_runs_and_that_is_said(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web"))
    assert not observer.is_ready
    assert "tulle agent" in observer.findings[0].message


def test_ready_is_when_every_replica_is_and_every_proxy_is_synced(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", routes=(route_set("shop", "web"),)))
    world.hosts.connected("here", "host")
    assert not observer.is_ready
    world.hosts.reported("here", (instance("web"),))
    assert not observer.is_ready, "its sidecar is not connected"
    world.sidecar(instance("web"))
    assert not observer.is_ready, "the gateway is not connected"
    world.gateway()
    assert observer.is_ready
    assert [(each.id, each.role, each.is_synced) for each in observer.proxies()] == [
        ("gateway-here", "gateway", True),
        ("web-1", "sidecar", True),
    ]


def test_an_envoy_that_has_not_asked_for_listeners_yet_is_not_synced(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", routes=(route_set("shop", "web"),)))
    world.hosts.connected("here", "host")
    world.hosts.reported("here", (instance("web"),))
    world.sidecar(instance("web"))
    node = Node("gateway-here", metadata={"role": "gateway", "host": "here"})
    gateway = world.connect(node, "tulle-system", "gateway", CLUSTER)
    world.settle()
    assert world.publisher.are_synced
    assert not observer.is_ready
    gateway.replica.subscribe(LISTENER, set())
    world.settle()
    assert observer.is_ready


def test_a_sidecar_that_waits_for_its_callers_is_not_synced(world: World, observer: Observer) -> None:
    first = mesh("web")
    world.publisher.update(first)
    world.hosts.connected("here", "host")
    world.hosts.reported("here", (instance("web"),))
    world.sidecar(instance("web"))
    assert observer.is_ready
    workload = instance("web").workload
    eased = replace(first.guards[workload], eased=(80,))
    world.do(lambda: world.publisher.update(replace(first, guards={workload: eased})))
    assert world.publisher.are_synced
    assert not observer.is_ready
    assert [each.is_synced for each in observer.proxies()] == [False]


def test_a_replacement_that_is_stuck_is_not_ready(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web"))
    world.hosts.connected("here", "host")
    world.hosts.reported("here", (instance("web"), instance("web", 2, InstanceState.BACKING_OFF)))
    world.sidecar(instance("web"))
    assert not observer.is_ready
    world.hosts.reported("here", (instance("web"), instance("web", 2, InstanceState.DRAINING)))
    assert observer.is_ready


def test_a_mesh_with_a_gateway_needs_a_host_for_it(world: World, observer: Observer) -> None:
    world.publisher.update(mesh(routes=(route_set("shop", "web"),)))
    assert not observer.is_ready


def test_the_version_of_a_proxy_changes_with_what_it_accepted(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", "cart"))
    web = world.sidecar(instance("web"))
    before = observer.proxies()[0]
    web.call("cart")
    world.settle()
    after = observer.proxies()[0]
    assert before.version != after.version
    assert {each.name for each in after.resources} > {each.name for each in before.resources}


def test_what_envoys_refuse_is_one_finding_at_its_origin(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", "cart", "stock"))
    world.hosts.connected("here", "host")
    for each in ("web", "stock"):
        proxy = world.sidecar(instance(each))
        proxy.refuses = frozenset({"outbound|80||cart.default"})
        proxy.call("cart")
    world.settle()
    assert [each for each in observer.findings if "Envoy refused outbound|80||cart.default" in each.message] != []
    assert len(observer.findings) == 1
    assert "and 1 more" in observer.findings[0].message
    assert "not to my taste" in observer.findings[0].message
    assert not observer.is_ready
    assert all(each.type_url != CLUSTER or "cart" not in each.name for each in observer.proxies()[0].resources)


def test_what_is_refused_several_times_for_one_reason_is_one_finding(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", "cart", "stock"))
    world.hosts.connected("here", "host")
    proxy = world.sidecar(instance("web"))
    proxy.refuses = frozenset({"outbound|80||cart.default", "outbound|80||stock.default"})
    proxy.call("cart", "stock")
    world.settle()
    (finding,) = observer.findings
    assert finding.message.startswith("Envoy refused outbound|80||cart.default and 1 more (web-1 keeps")


def test_instances_in_trouble_and_hosts_that_are_away_are_findings(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web"))
    broken = replace(instance("web", state=InstanceState.BACKING_OFF), message="it ended with status 3")
    stranger = replace(instance("old", state=InstanceState.STARTING), message="no such directory", restarts=1)
    beginner = replace(instance("web", 2, state=InstanceState.STARTING), message="waits for its port")
    world.hosts.connected("here", "host")
    world.hosts.reported("here", (broken, stranger, beginner), "the disk is full")
    world.hosts.disconnected("here")
    assert [each.message for each in observer.findings] == [
        "web-1 is backing_off: it ended with status 3",
        "old-1 is starting: no such directory",
        "host here: the disk is full",
        "the agent of host here is away; what it runs goes on running",
    ]
    assert observer.instances == (broken, stranger, beginner)


def test_findings_of_documents_are_among_them(world: World, observer: Observer) -> None:
    finding = Finding.error(BUILT_IN, "this is wrong")
    world.publisher.update(replace(mesh(), findings=(finding,)))
    assert observer.findings == (finding,)
    assert observer.mesh is world.publisher.mesh


def test_what_was_written_and_since_when_statuses_hold(observer: Observer) -> None:
    status = Status(conditions=(Condition(type="Accepted", status=True, reason="Accepted"),))
    key = "HTTPRoute", Name("default", "shop")
    written = [Document(BUILT_IN, Key("gateway-api/httproute", key[1]), {})]
    observer.built(Mesh(statuses={key: status}), written)
    assert observer.documents is written
    assert observer.since.keys() == {key}


def test_changes_to_what_envoy_gets_that_change_nothing_are_findings(world: World, observer: Observer) -> None:
    origin = Origin("file", "a.yaml", subject="EnvoyFilter late")
    match = PatchMatch(cluster="nobody")
    patch = Patch(origin=origin, place=PatchPlace.CLUSTER, operation=PatchOperation.MERGE, match=match, value="{}")
    late = EnvoyPatches(name=Name("default", "late"), origin=origin, patches=(patch,))
    plain = mesh("web")
    guards = {key: replace(each, patches=(late,)) for key, each in plain.guards.items()}
    world.publisher.update(replace(plain, guards=guards))
    world.hosts.connected("here", "host")
    world.hosts.reported("here", (instance("web"),))
    world.sidecar(instance("web"))
    (found,) = observer.findings
    assert found.origin is origin and not found.is_error


def test_what_cannot_be_compiled_is_said_where_it_was_written(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web", routes=(endless(route_set("shop", "web")),)))
    world.gateway()
    (finding,) = [each for each in observer.findings if "mistake of tulle" in each.message]
    assert finding.origin == HERE
    assert finding.message.startswith("gateway.127.0.0.1:8080/shop.test cannot be compiled")


def test_mistakes_of_ours_that_stop_everything_are_said(world: World, observer: Observer) -> None:
    world.publisher.update(mesh("web"))
    world.sidecar(instance("web"))
    observer.fault = "KeyError(1)"
    world.publisher.connected["web-1"].fault = "KeyError(2)"
    first, second = (each for each in observer.findings if "mistake of tulle" in each.message)
    assert first.message.endswith(": KeyError(1)")
    assert second.message.endswith(": KeyError(2)")
    assert "web-1" in second.message


def test_a_refusal_is_shown_at_the_part_that_envoy_names(world: World, observer: Observer) -> None:
    about, other = (Origin("file", "a.yaml", subject=f"RequestAuthentication {each}") for each in ("users", "use"))
    base = mesh("web")
    policies = tuple(
        RequestAuthentication(name=name(str(index)), origin=each) for index, each in enumerate((other, about))
    )
    told = replace(base.guards[name("web")], tokens=policies)
    world.publisher.update(replace(base, guards={name("web"): told}))
    web = world.sidecar(instance("web"))
    web.refuses, web.complaint = frozenset({"inbound|http"}), "Provider 'users.default|me' has invalid local jwks"
    world.publisher.update(replace(base, guards={name("web"): replace(told, tokens=policies[::-1])}))
    world.publisher.update(replace(base, guards={name("web"): replace(told, rate_limit=RateLimit(requests=1))}))
    world.settle()
    (finding,) = [each for each in observer.findings if "Envoy refused" in each.message]
    assert finding.origin is about
