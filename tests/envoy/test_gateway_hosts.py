from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import HERE, backend, http, rule, service
from tulle.envoy.gateway_hosts import Memory
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.routes import Forward, Respond, RouteSet
from tulle.model.services import Service
from tulle.xds.snapshot import Resource

SETTINGS = Settings()


def listener(name: str = "http", **more: object) -> Listener:
    return Listener(name=Name("default", name), origin=HERE, port=8080, **more)  # type: ignore[arg-type]


def routes(*hosts: str, to: str = "web", listeners: tuple[str, ...] = ()) -> RouteSet:
    rules = (rule("r", Forward(backends=(backend(to),))),)
    return RouteSet(name=Name("default", "r"), origin=HERE, hosts=hosts, rules=rules, listeners=listeners)


def mesh(*sets: RouteSet, services: tuple[Service, ...] = (), listeners: tuple[Listener, ...] = ()) -> Mesh:
    return Mesh(
        settings=SETTINGS,
        services={each.name: each for each in services},
        listeners={each.name: each for each in listeners or (PLAIN,)},
        gateway_routes=sets,
    )


PLAIN = listener()


def test_hosts_are_taken_without_case_and_port_and_every_listener_has_a_place_for_the_rest() -> None:
    found = gateway.compile_hosts(mesh(routes("Shop.example:8080", "shop.example", "*.x")), Memory())
    assert set(found) == {("http", "shop.example"), ("http", "*.x"), ("http", "*")}
    rest = decoded(found["http", "*"].resource)
    assert rest["name"] == "gateway.http/*"
    assert rest["routes"][0]["direct_response"]["status"] == 404


def test_routes_without_a_host_come_before_the_rest() -> None:
    found = gateway.compile_hosts(mesh(routes(), services=(service("web", http()),)), Memory())
    (host,) = found.values()
    assert ["route" in each for each in decoded(host.resource)["routes"]] == [True, False]
    assert list(host.clusters) == ["outbound|8000||web.default"]


def test_routes_go_to_the_listeners_that_they_name() -> None:
    other = listener("other", protocol=ListenerProtocol.HTTPS)
    moved = listener("moved", redirect_to_https=8443)
    bytes_only = listener("tcp", protocol=ListenerProtocol.TCP)
    sets = (routes("a"), routes("b", listeners=("other",)), routes("c", listeners=("nowhere",)))
    found = gateway.compile_hosts(mesh(*sets, listeners=(PLAIN, other, moved, bytes_only)), Memory())
    assert set(found) == {("http", "*"), ("other", "*"), ("http", "a"), ("other", "a"), ("other", "b")}


def test_a_gateway_that_may_not_call_says_so() -> None:
    found = gateway.compile_hosts(mesh(routes("a"), services=(service("web", http(), allow=()),)), Memory())
    assert decoded(found["http", "a"].resource)["routes"][0]["direct_response"]["status"] == 403
    assert found["http", "a"].clusters == {}


HOSTS = st.lists(st.sampled_from(["a", "b", "c", "*"]), max_size=2, unique=True).map(tuple)
POOL = [routes(*hosts, to=to) for hosts in (("a",), ("b",), ("a", "b"), (), ("c", "*")) for to in ("web", "shop")]
SERVICES = [service(name, http()) for name in ("web", "web", "shop")]
STATES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(POOL), max_size=5, unique=True),
        st.lists(st.sampled_from(SERVICES), max_size=3, unique=True),
        st.sampled_from([(PLAIN,), (PLAIN, listener("two"))]),
    ),
    min_size=1,
    max_size=5,
)


@given(STATES)
def test_step_by_step_equals_from_scratch(
    states: list[tuple[list[RouteSet], list[Service], tuple[Listener, ...]]],
) -> None:
    memory = Memory()
    for sets, services, listeners in states:
        state = mesh(*sets, services=tuple(services), listeners=listeners)
        new = Memory()
        stepwise, fresh = gateway.compile_hosts(state, memory), gateway.compile_hosts(state, new)
        assert versions(memory.virtual_hosts) == versions(new.virtual_hosts)
        assert versions(memory.clusters) == versions(new.clusters)
        assert {place: host.resource.version for place, host in stepwise.items()} == {
            place: host.resource.version for place, host in fresh.items()
        }
        assert {place: set(host.clusters) for place, host in stepwise.items()} == {
            place: set(host.clusters) for place, host in fresh.items()
        }


def versions(table: dict[str, Resource]) -> dict[str, str]:
    return {name: resource.version for name, resource in table.items()}


def test_one_changed_route_is_one_compiled_host() -> None:
    sets = [routes(f"h{number}") for number in range(50)]
    memory = Memory()
    web = service("web", http())
    before = gateway.compile_hosts(mesh(*sets, services=(web,)), memory)
    sets[7] = dataclasses.replace(sets[7], rules=(rule("new", Respond(status=200)),))
    after = gateway.compile_hosts(mesh(*sets, services=(web,)), memory)
    assert [place for place in before if before[place] is not after[place]] == [("http", "h7")]
