from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tulle.flow.assign import plan
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import ProxySettings
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import GATEWAY, Name
from tulle.model.security import Rule
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Forward, Workload

WEB, STOCK = Name("default", "web"), Name("default", "stock")
HTTP = Listener(name=Name("default", "http"), origin=BUILT_IN, port=8080)


def service(
    name: Name, *ports: Port, allow: tuple[Rule, ...] | None = None, exports: tuple[str, ...] = ("*",)
) -> Service:
    return Service(name=name, origin=BUILT_IN, ports=ports, account=name.name, allow=allow, exports=exports)


def workload(name: Name, replicas: int = 1, calls: tuple[Name, ...] | None = None) -> Workload:
    return Workload(
        name=name,
        origin=BUILT_IN,
        service=name,
        command="serve",
        directory="/",
        account=name.name,
        replicas=replicas,
        calls=calls,
    )


def test_settings_of_proxies_by_how_narrow_they_are() -> None:
    wide, narrow = (
        ProxySettings(name=Name("default", name), origin=BUILT_IN, concurrency=threads, environment=environment)
        for name, threads, environment in (("a", 3, (("A", "1"), ("B", "1"))), ("b", None, (("B", "2"),)))
    )
    guard = Guard(
        workload=WEB, origin=BUILT_IN, service=WEB, account="web", proxy=(wide, narrow), labels=(("app", "web"),)
    )
    found = replace(mesh(workload(WEB)), guards={WEB: guard}, gateway_guard=guard, listeners={HTTP.name: HTTP})
    host = plan(found, {"here": "host"})["here"]
    (assignment,) = host.workloads
    assert (assignment.concurrency, assignment.proxy_environment) == (3, (("A", "1"), ("B", "2")))
    assert host.gateway is not None
    assert (host.gateway.concurrency, host.gateway.proxy_environment) == (3, (("A", "1"), ("B", "2")))


def mesh(*workloads: Workload, stock: Service | None = None) -> Mesh:
    stock = stock or service(STOCK, Port(name="tcp", number=7000, protocol=Protocol.TCP))
    services = {WEB: service(WEB, Port(name="http", number=80)), STOCK: stock}
    return Mesh(services=services, workloads={each.name: each for each in workloads}, listeners={HTTP.name: HTTP})


def test_one_host_runs_everything() -> None:
    found = plan(mesh(workload(WEB, replicas=2), workload(STOCK)), {"here": "host"})
    assert [(each.name, each.replicas) for each in found["here"].workloads] == [(WEB, 2), (STOCK, 1)]
    assert found["here"].gateway is not None
    assert found["here"].gateway.name == GATEWAY


def test_no_instance_gets_the_port_of_a_listener() -> None:
    (found,) = plan(mesh(workload(WEB)), {"here": "host"})["here"].workloads
    assert found.reserved == (8080,)


def test_roles_decide_what_a_host_runs() -> None:
    found = plan(mesh(workload(WEB)), {"edge": "gateway", "inner": "sidecar"})
    assert found["edge"].workloads == ()
    assert found["edge"].gateway is not None
    assert found["inner"].workloads
    assert found["inner"].gateway is None


def test_without_listeners_there_is_no_gateway_and_without_hosts_there_is_nothing() -> None:
    bare = Mesh(workloads={WEB: workload(WEB)}, services={WEB: service(WEB)})
    assert plan(bare, {"here": "host"})["here"].gateway is None
    assert plan(bare, {}) == {}


@given(replicas=st.integers(0, 50), hosts=st.sets(st.text("abcdef", min_size=1), max_size=6))
def test_replicas_are_spread_evenly_and_none_is_lost(replicas: int, hosts: set[str]) -> None:
    found = plan(mesh(workload(WEB, replicas=replicas)), dict.fromkeys(hosts, "sidecar"))
    shares = [each.replicas for host in found.values() for each in host.workloads]
    assert sum(shares) == (replicas if hosts else 0)
    assert not shares or max(shares) - min(shares) <= 1


def test_tcp_services_that_it_may_call_get_a_local_port() -> None:
    forward = Forward(service=STOCK, port=7000, protocol=Protocol.TCP)
    assert plan(mesh(workload(WEB)), {"here": "host"})["here"].workloads[0].forwards == (forward,)


def test_no_local_port_for_what_it_may_not_call_does_not_call_or_is_itself() -> None:
    closed = service(STOCK, Port(name="tcp", number=7000, protocol=Protocol.TCP), allow=())
    hidden = service(STOCK, Port(name="tcp", number=7000, protocol=Protocol.TCP), exports=("other",))
    hosts = {"here": "host"}
    for stock in (closed, hidden):
        assert plan(mesh(workload(WEB), stock=stock), hosts)["here"].workloads[0].forwards == ()
    assert plan(mesh(workload(WEB, calls=())), hosts)["here"].workloads[0].forwards == ()
    assert plan(mesh(workload(STOCK)), hosts)["here"].workloads[0].forwards == ()


def test_scaling_does_not_change_the_fingerprint_but_the_command_does() -> None:
    one = plan(mesh(workload(WEB)), {"here": "host"})["here"].workloads[0]
    assert replace(one, replicas=5, forwards=()).fingerprint == one.fingerprint
    assert replace(one, command="other").fingerprint != one.fingerprint
