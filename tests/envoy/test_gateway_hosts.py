from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import HERE, backend, http, rule, service
from tulle.envoy import gateway_hosts, sockets
from tulle.envoy.gateway_hosts import Host, Memory
from tulle.envoy.rewrites import Entry
from tulle.envoy.sockets import Place
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.listeners import Entrance, Listener, ListenerHost, ListenerProtocol
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Policy, TlsMode
from tulle.model.routes import Forward, Match, Respond, RouteSet, Source
from tulle.model.services import Service
from tulle.xds.snapshot import Resource

SETTINGS = Settings()


def listener(name: str = "http", number: int = 8080, **more: object) -> Listener:
    return Listener(name=Name("default", name), origin=HERE, port=number, **more)  # type: ignore[arg-type]


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


HERE_8080 = "gateway.127.0.0.1:8080"
MORE = "gateway.127.0.0.1:8081"


def compiled(of: Mesh, memory: Memory | None = None) -> dict[Place, Host]:
    layout = sockets.layout(of.listeners.values())
    return gateway_hosts.compile_hosts(of, layout, memory if memory is not None else Memory())


def test_hosts_are_taken_without_case_and_port_and_every_socket_has_a_place_for_the_rest() -> None:
    found = compiled(mesh(routes("Shop.example:8080", "shop.example", "*.x")))
    assert set(found) == {(HERE_8080, "shop.example"), (HERE_8080, "*.x"), (HERE_8080, "*")}
    rest = decoded(found[HERE_8080, "*"].resource)
    assert rest["name"] == f"{HERE_8080}/*"
    assert rest["routes"][0]["direct_response"]["status"] == 404


def test_routes_without_a_host_come_before_the_rest() -> None:
    found = compiled(mesh(routes(), services=(service("web", http()),)))
    (host,) = found.values()
    assert ["route" in each for each in decoded(host.resource)["routes"]] == [True, False]
    assert [each.name for each in host.clusters] == ["outbound|8000||web.default"]


def test_routes_go_to_the_listeners_that_they_name() -> None:
    other = listener("other", number=8081)
    moved = listener("moved", number=8082, redirect_to_https=8443)
    bytes_only = listener("tcp", number=8083, protocol=ListenerProtocol.TCP)
    sets = (routes("a"), routes("b", listeners=("default/other",)), routes("c", listeners=("nowhere",)))
    found = compiled(mesh(*sets, listeners=(PLAIN, other, moved, bytes_only)))
    assert set(found) == {(HERE_8080, "*"), (MORE, "*"), (HERE_8080, "a"), (MORE, "a"), (MORE, "b")}


def test_a_host_of_a_listener_without_routes_is_not_left_to_another() -> None:
    narrow = listener("narrow", hosts=(ListenerHost(host="a.example"),))
    found = compiled(mesh(routes("a.example", "*.example", listeners=("default/http",)), listeners=(PLAIN, narrow)))
    assert [place[1] for place in found if found[place].sets] == ["*.example"]
    assert decoded(found[HERE_8080, "a.example"].resource)["routes"][0]["direct_response"]["status"] == 404


def test_conditions_on_ports_and_callers_are_decided_before() -> None:
    here = dataclasses.replace(PLAIN, declared_port=80)
    rules = tuple(
        rule(str(match.ports), Respond(status=200), match)
        for match in (
            Match(ports=(81,)),
            Match(source=Source(namespace="x")),
            Match(ports=(80,)),
            Match(methods=("GET",)),
        )
    )
    found = compiled(mesh(dataclasses.replace(routes(), rules=rules), listeners=(here,)))
    assert [each.get("name") for each in decoded(found[HERE_8080, "*"].resource)["routes"]] == ["()", "(80,)", None]


def test_a_listener_that_changes_leaves_the_hosts_of_others_alone() -> None:
    memory = Memory()
    sets = tuple(routes(f"h{number}") for number in range(5))
    other = listener("other", number=8081, hosts=(ListenerHost(host="h1"),))
    before = compiled(mesh(*sets, listeners=(PLAIN, other)), memory)
    after = compiled(
        mesh(*sets, listeners=(PLAIN, dataclasses.replace(other, hosts=(ListenerHost(host="h2"),)))), memory
    )
    assert all(after[place] is before[place] for place in after if place[0] == HERE_8080)
    assert {place[1] for place in after if place[0] == MORE} == {"*", "h2"}


def test_a_gateway_that_may_not_call_says_so() -> None:
    found = compiled(mesh(routes("a"), services=(service("web", http(), allow=()),)))
    assert decoded(found[HERE_8080, "a"].resource)["routes"][0]["direct_response"]["status"] == 403
    assert found[HERE_8080, "a"].clusters == ()


@pytest.mark.parametrize(
    ("port", "entry", "expected"),
    [
        (9443, Entry(8080), [9443]),
        (443, Entry(80), [443, None]),
        (8443, Entry(80, moved=((80, 8080), (443, 8443))), [8443, None]),
    ],
)
def test_everybody_is_sent_to_https(port: int, entry: Entry, expected: list[int | None]) -> None:
    found = decoded(gateway_hosts.redirecting_host(SETTINGS, ("r", "a.example"), port, entry, (HERE,)))
    assert (found["name"], found["domains"]) == ("r/a.example", ["a.example"])
    assert [each["redirect"].get("port_redirect") for each in found["routes"]] == expected
    assert {each["redirect"]["scheme_redirect"] for each in found["routes"]} == {"https"}
    assert ["headers" in each["match"] for each in found["routes"]] == [len(expected) > 1, False][: len(expected)]


def test_hosts_of_other_listeners_are_misdirected() -> None:
    found = decoded(gateway_hosts.foreign_host(SETTINGS, "r", ("a", "*.b"), ()))
    assert found["domains"] == ["a", "*.b"]
    assert {each["direct_response"]["status"] for each in found["routes"]} == {421}


def test_route_configurations_only_say_where_hosts_come_from() -> None:
    found = decoded(gateway_hosts.route_configuration(SETTINGS, "r", ()))
    assert found["ignore_port_in_host_matching"] is True
    assert "virtual_hosts" not in found


HOSTS = st.lists(st.sampled_from(["a", "b", "c", "*"]), max_size=2, unique=True).map(tuple)
TWO = listener("two", number=8081, hosts=(ListenerHost(host="a"), ListenerHost(host="c")))
ONLY_A = listener("only", hosts=(ListenerHost(host="a"),))
POOL = [routes(*hosts, to=to) for hosts in (("a",), ("b",), ("a", "b"), (), ("c", "*")) for to in ("web", "shop")]
SERVICES = [service(name, http()) for name in ("web", "web", "shop")]
STATES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(POOL), max_size=5, unique=True),
        st.lists(st.sampled_from(SERVICES), max_size=3, unique=True),
        st.sampled_from([(PLAIN,), (PLAIN, TWO), (PLAIN, ONLY_A), (dataclasses.replace(PLAIN, declared_port=80), TWO)]),
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
        stepwise, fresh = compiled(state, memory), compiled(state, new)
        assert versions(memory.virtual_hosts) == versions(new.virtual_hosts)
        assert versions(memory.clusters) == versions(new.clusters)
        assert {place: host.resource.version for place, host in stepwise.items()} == {
            place: host.resource.version for place, host in fresh.items()
        }
        assert {place: versions({each.name: each for each in host.clusters}) for place, host in stepwise.items()} == {
            place: versions({each.name: each for each in host.clusters}) for place, host in fresh.items()
        }


def versions(table: dict[str, Resource]) -> dict[str, str]:
    return {name: resource.version for name, resource in table.items()}


def test_secrets_are_needed_as_long_as_a_host_needs_them() -> None:
    memory = Memory()
    tls = ClientTls(mode=TlsMode.MUTUAL, secret=Name("default", "client"))
    web = service("web", http(), policy=Policy(tls=tls))
    compiled(mesh(routes("a"), services=(web,)), memory)
    assert memory.secrets == {"secret|default/client", "secret-ca|default/client"}
    compiled(mesh(services=(web,)), memory)
    assert memory.secrets == frozenset()


def test_one_changed_route_is_one_compiled_host() -> None:
    sets = [routes(f"h{number}") for number in range(50)]
    memory = Memory()
    web = service("web", http())
    before = compiled(mesh(*sets, services=(web,)), memory)
    sets[7] = dataclasses.replace(sets[7], rules=(rule("new", Respond(status=200)),))
    after = compiled(mesh(*sets, services=(web,)), memory)
    assert [place for place in before if before[place] is not after[place]] == [(HERE_8080, "h7")]


ENTRANCE = listener(entrance=Entrance())
SOME = (Condition(Subject.METHOD, Comparison.EXACT, "GET"),)


def router(name: str, *hosts: str, priority: int = 0, conditions: tuple[Condition, ...] = SOME) -> RouteSet:
    rules = (rule(name, Respond(status=200), Match(conditions=conditions)),)
    return RouteSet(name=Name("@file", name), origin=HERE, hosts=hosts, rules=rules, priority=priority)


def names(hosts: dict[Place, Host], host: str) -> list[str]:
    (found,) = [each for place, each in hosts.items() if place[1] == host]
    return [each["name"] for each in decoded(found.resource)["routes"] if "name" in each]


def test_routers_of_no_host_count_for_every_host_and_their_priority_decides() -> None:
    memory = Memory()
    own, low = router("own", "a.test", priority=5), router("low", "*", priority=1)
    found = compiled(mesh(own, low, listeners=(ENTRANCE,)), memory)
    assert (names(found, "a.test"), names(found, "*")) == (["own", "low"], ["low"])
    high = router("high", "*", priority=9)
    found = compiled(mesh(own, low, high, listeners=(ENTRANCE,)), memory)
    assert (names(found, "a.test"), names(found, "*")) == (["high", "own", "low"], ["high", "low"])
    found = compiled(mesh(own, high, listeners=(ENTRANCE,)), memory)
    assert (names(found, "a.test"), names(found, "*")) == (["high", "own"], ["high"])
    found = compiled(mesh(high, listeners=(ENTRANCE,)), memory)
    assert [place[1] for place in found] == ["*"]
    late = router("late", "b.test")
    found = compiled(mesh(high, late, listeners=(ENTRANCE,)), memory)
    assert names(found, "b.test") == ["high", "late"]


def test_after_a_router_for_everything_nothing_is_left_to_say() -> None:
    whole, part = router("whole", "a.test", conditions=()), router("part", "b.test")
    found = compiled(mesh(whole, part, listeners=(ENTRANCE,)), Memory())
    many = {place[1]: len(decoded(host.resource)["routes"]) for place, host in found.items()}
    assert many == {"a.test": 1, "b.test": 2, "*": 1}


def test_conditions_that_a_host_decides_are_decided_before() -> None:
    here, there = (Condition(Subject.HOST, Comparison.EXACT, host) for host in ("a.test", "b.test"))
    path = Condition(Subject.PATH, Comparison.EXACT, "/")
    route_set = router("r", "a.test", "b.test", conditions=(here, path))
    narrowed = gateway_hosts.at_host(route_set, "a.test")
    assert [each.conditions for each in narrowed.rules[0].matches] == [(path,)]
    assert gateway_hosts.at_host(route_set, "b.test").rules == ()
    assert gateway_hosts.at_host(route_set, "*") is route_set
    assert gateway_hosts.at_host(router("r", "a.test", conditions=(there,)), "a.test").rules == ()


def test_route_configurations_of_entry_points_tell_servers_about_clients() -> None:
    found = decoded(gateway_hosts.route_configuration(SETTINGS, "r", (), Entrance()))
    assert found["most_specific_header_mutations_wins"] is True
