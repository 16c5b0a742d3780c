from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.kitchen import HERE, http, service
from tests.flow.world import route_set as ruled_by
from tulle.envoy import scope
from tulle.envoy.scope import Outside, Target, Unknown, Virtual
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import Scope
from tulle.model.mesh import Mesh
from tulle.model.names import Name, host_names
from tulle.model.routes import RouteSet
from tulle.model.security import Rule
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Forward

WEB = service("web", http(8000), Port(name="admin", number=9000))
MESH = Mesh(services={WEB.name: WEB, Name("other", "x"): service("x", http())})


@pytest.mark.parametrize("host", host_names(WEB.name, "default"))
@pytest.mark.parametrize(("suffix", "port"), [("", 8000), (":8000", 8000), (":9000", 9000)])
def test_every_name_of_a_service_reaches_its_port(host: str, suffix: str, port: int) -> None:
    found = scope.resolve(MESH, "default", f"{host}{suffix}".upper())
    assert isinstance(found, Target)
    assert (found.service, found.port.number) == (WEB, port)


def test_a_complete_name_ends_with_a_dot_and_has_a_virtual_host_of_its_own() -> None:
    ports = {port.number: port for port in WEB.ports}
    for ending, number in (("", 8000), (":9000", 9000)):
        authority = f"web.default.svc.cluster.local.{ending}"
        assert scope.resolve(MESH, "default", authority) == Target(WEB, ports[number], authority)
    known = Mesh(host_routes={"blocked.test": (ruled("blocked"),)})
    assert scope.resolve(known, "default", "blocked.test.") == Virtual("blocked.test.", "blocked.test", None)


def test_rules_without_a_service_are_seen_or_not() -> None:
    known = Mesh(host_routes={"alias.test": (ruled("alias"),)})
    (rules,) = known.host_routes["alias.test"]
    for hosts, is_seen in (
        (None, True),
        ((("*", "*"),), True),
        ((("*", "alias.test"),), True),
        (((rules.name.namespace, "*.test"),), True),
        ((("elsewhere", "*"),), False),
        ((("*", "other.test"),), False),
    ):
        seen = Scope(name=Name("default", "s"), origin=HERE, hosts=hosts)
        assert isinstance(scope.resolve(known, "default", "alias.test", seen), Virtual) is is_seen


def test_what_domains_lists_is_what_resolves() -> None:
    for port in WEB.ports:
        for domain in scope.domains(WEB, port, "default"):
            assert scope.resolve(MESH, "default", domain) == Target(WEB, port)


def test_the_short_name_belongs_to_the_namespace() -> None:
    assert isinstance(scope.resolve(MESH, "other", "web"), Unknown)
    assert isinstance(scope.resolve(MESH, "other", "web.default"), Target)
    assert "web" not in scope.domains(WEB, WEB.ports[0], "other")


@pytest.mark.parametrize(
    ("authority", "reason"),
    [
        ("nope", 'there is no service "nope" in namespace "default"'),
        ("nope.other:80", 'there is no service "nope" in namespace "other"'),
        ("web:9999", 'service "web" has no port 9999; it has 8000, 9000'),
        ("a.b.svc.cluster.local", 'there is no service "a" in namespace "b"'),
        ("*", "the Host header is not a host name"),
        ("*.example.org", "the Host header is not a host name"),
        ("a b", "the Host header is not a host name"),
        ("web:99999", "the Host header is not a host name"),
        ("web:", "the Host header is not a host name"),
        ("web:²", "the Host header is not a host name"),
        ("", "the Host header is not a host name"),
        ("a" * 300, "the Host header is not a host name"),
    ],
)
def test_what_nobody_answers_for_has_a_reason(authority: str, reason: str) -> None:
    found = scope.resolve(MESH, "default", authority)
    assert isinstance(found, Unknown)
    assert found.reason == reason


def test_a_service_without_ports_says_so() -> None:
    mesh = Mesh(services={Name("default", "empty"): service("empty")})
    found = scope.resolve(mesh, "default", "empty")
    assert isinstance(found, Unknown)
    assert found.reason == 'service "empty" has no port'


@pytest.mark.parametrize(
    "authority", ["example.org", "example.org:443", "localhost:80", "10.0.0.1", "[::1]:80", "[::1]", "a.nowhere"]
)
def test_other_hosts_are_outside(authority: str) -> None:
    assert scope.resolve(MESH, "default", authority) == Outside(authority)
    assert services(scope.dependencies(MESH, "default", authority)) == set()
    assert scope.is_outside(MESH, "default", authority)


def ruled(target: str) -> RouteSet:
    return ruled_by(target, target)


@given(st.text(max_size=40))
def test_any_host_header_resolves_to_something(authority: str) -> None:
    scope.resolve(MESH, "default", authority)


def test_a_missing_service_is_depended_on() -> None:
    assert services(scope.dependencies(MESH, "default", "nope")) == {"nope"}
    assert not scope.is_outside(MESH, "default", "nope")
    assert scope.dependencies(MESH, "default", "*") == frozenset()


def test_backends_of_its_rules_are_depended_on(mesh: Mesh) -> None:
    assert services(scope.dependencies(mesh, "default", "catalogue")) == {"catalogue", "ghost", "web"}


def services(names: frozenset[Name]) -> set[str]:
    """Of what something depends on the services, without the hosts."""
    return {each.name for each in names if each.namespace}


GOOGLE = service("www.google.test", Port(name="https", number=443), http(80), hosts=("www.google.test",))
WILD = service("wild", http(80), hosts=("*.wild.test",), virtual_addresses=("10.1.0.0/16", "10.2.0.1"))
HOSTS = Mesh(
    services={each.name: each for each in (WEB, GOOGLE, WILD)},
    hosts={
        "www.google.test": (GOOGLE.name,),
        **dict.fromkeys(("*.wild.test", "10.1.0.0/16", "10.2.0.1"), (WILD.name,)),
    },
    host_routes={"virtual.test": (ruled("virtual"),), "*.rules.test": (ruled("rules"),)},
)


def test_a_service_is_called_by_the_hosts_that_it_says() -> None:
    assert scope.resolve(HOSTS, "default", "www.google.test") == Target(GOOGLE, GOOGLE.ports[1])
    assert scope.resolve(HOSTS, "other", "www.google.test:443") == Target(GOOGLE, GOOGLE.ports[0])
    assert scope.domains(GOOGLE, GOOGLE.ports[1], "default") == ("www.google.test", "www.google.test:80")


def test_hosts_of_a_wildcard_are_told_apart() -> None:
    assert scope.resolve(HOSTS, "default", "a.b.wild.test") == Target(WILD, WILD.ports[0], "a.b.wild.test")
    for address in ("10.2.0.1", "10.1.7.8"):
        assert scope.resolve(HOSTS, "default", address) == Target(WILD, WILD.ports[0], address)
    assert scope.resolve(HOSTS, "default", "10.3.0.1") == Outside("10.3.0.1")
    assert Name("", "10.1.0.0/16") in scope.dependencies(HOSTS, "default", "10.1.7.8")
    assert scope.domains(WILD, WILD.ports[0], "default") == ()


def test_a_service_that_says_its_hosts_is_not_called_by_its_name() -> None:
    for name in ("wild", "wild.default.svc.cluster.local"):
        found = scope.resolve(HOSTS, "default", name)
        assert found == Unknown(name, 'service "wild" is called *.wild.test', WILD.name)


def test_a_service_may_say_the_host_that_it_has_anyway() -> None:
    full = "own.default.svc.cluster.local"
    own = service("own", http(80), hosts=(full, "own.test"))
    mesh = Mesh(services={own.name: own}, hosts=dict.fromkeys(own.hosts, (own.name,)))
    domains = scope.domains(own, own.ports[0], "default")
    assert domains[: len(domains) // 2] == (*host_names(own.name, "default"), "own.test")
    assert all(scope.resolve(mesh, "default", each) == Target(own, own.ports[0]) for each in domains)


def test_rules_can_be_about_hosts_that_no_service_has() -> None:
    assert scope.resolve(HOSTS, "default", "virtual.test:81") == Virtual("virtual.test:81", "virtual.test", 81)
    assert scope.resolve(HOSTS, "default", "a.rules.test") == Virtual("a.rules.test", "a.rules.test", None)
    assert services(scope.dependencies(HOSTS, "default", "virtual.test")) == {"virtual"}
    assert Name("", "*.rules.test") in scope.dependencies(HOSTS, "default", "a.rules.test")


def test_rules_for_wildcards_come_after_those_for_the_very_service() -> None:
    own, wide, every = ruled("own"), ruled("wide"), ruled("every")
    mesh = Mesh(
        services=HOSTS.services,
        service_routes={WEB.name: (own,)},
        host_routes={"*": (every,), "*.default.svc.cluster.local": (wide, every)},
    )
    assert scope.rules(mesh, WEB, "web") == (own, every, wide)
    assert scope.rules(mesh, None, "x.test") == (every,)
    assert scope.rules(HOSTS, WILD, "a.wild.test") == ()


def entry(namespace: str, *exports: str, host: str = "api.test") -> Service:
    return replace(service(host, http(80)), name=Name(namespace, host), hosts=(host,), exports=exports, is_outside=True)


def declaring(*services: Service, **more: Any) -> Mesh:
    hosts: dict[str, tuple[Name, ...]] = {}
    for each in services:
        for host in each.hosts:
            hosts[host] = (*hosts.get(host, ()), each.name)
    return Mesh(services={each.name: each for each in services}, hosts=hosts, **more)


def test_what_a_namespace_may_not_see_does_not_exist_there() -> None:
    own = entry("a", ".")
    mesh = declaring(own)
    assert scope.resolve(mesh, "a", "api.test") == Target(own, own.ports[0])
    assert scope.resolve(mesh, "b", "api.test") == Outside("api.test")
    wide = entry("z", "*", host="*.test")
    seen = declaring(own, wide)
    assert scope.resolve(seen, "b", "api.test") == Target(wide, wide.ports[0], "api.test")
    ruled_mesh = declaring(own, host_routes={"api.test": (ruled("virtual"),)})
    assert isinstance(scope.resolve(ruled_mesh, "b", "api.test"), Virtual)


def test_of_a_host_each_namespace_means_its_own_service_or_the_first_that_it_sees() -> None:
    first, second, third = entry("a", "."), entry("b", "*"), entry("c", "*")
    mesh = declaring(first, second, third)
    found = {space: scope.resolve(mesh, space, "api.test") for space in ("a", "b", "c", "d")}
    assert found == {
        "a": Target(first, first.ports[0]),
        "b": Target(second, second.ports[0]),
        "c": Target(third, third.ports[0]),
        "d": Target(second, second.ports[0]),
    }
    seen = Scope(name=Name("c", "s"), origin=BUILT_IN, hosts=(("b", "*"),))
    assert scope.resolve(mesh, "c", "api.test", seen) == Target(second, second.ports[0])
    for each in (first, second, third):
        assert each.name in scope.dependencies(mesh, "c", "api.test")


@pytest.mark.parametrize(
    ("exports", "namespace", "expected"),
    [
        (("*",), "other", True),
        ((".",), "other", False),
        ((".",), "default", True),
        ((".", "other"), "other", True),
        (("x",), "default", False),
        ((), "default", False),
    ],
)
def test_a_service_is_seen_where_it_is_exported_to(exports: tuple[str, ...], namespace: str, expected: bool) -> None:
    own = service("web", http(80), exports=exports)
    found = scope.resolve(Mesh(services={own.name: own}), namespace, "web.default")
    assert isinstance(found, Target if expected else Unknown)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (None, True),
        ((), False),
        ((("*", "*"),), True),
        (((".", "*"),), True),
        ((("other", "*"),), False),
        ((("default", "web.default.svc.cluster.local"),), True),
        ((("default", "*.default.svc.cluster.local"),), True),
        ((("*", "api.default.svc.cluster.local"),), False),
    ],
)
def test_a_workload_sees_what_its_scope_says(hosts: tuple[tuple[str, str], ...] | None, expected: bool) -> None:
    seen = Scope(name=Name("default", "mine"), origin=HERE, hosts=hosts)
    found = scope.resolve(MESH, "default", "web", seen)
    assert isinstance(found, Target if expected else Unknown)


def test_local_ports_depend_on_hosts_rules_and_their_backends() -> None:
    to = Forward(service=WEB.name, port=9000, protocol=Protocol.TCP)
    mesh = Mesh(services=MESH.services, service_routes={WEB.name: (ruled("own"),)}, host_routes={"*": (ruled("wide"),)})
    found = scope.forward_dependencies(mesh, to)
    assert services(found) == {"web", "own", "wide"}
    assert {Name("", "web.default.svc.cluster.local"), Name("", "*.svc.cluster.local"), Name("", "*")} <= found
    assert scope.forward_dependencies(Mesh(), to) == {WEB.name}


def rule(**more: tuple[object, ...]) -> Rule:
    return Rule(origin=HERE, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("allow", "port", "expected"),
    [
        (None, None, True),
        ((), None, False),
        ((rule(),), None, True),
        ((rule(callers=(Name("default", "me"),)),), None, True),
        ((rule(callers=(Name("default", "you"),)),), None, False),
        ((rule(namespaces=("default",)),), None, True),
        ((rule(namespaces=("other",)),), None, False),
        ((rule(methods=("GET",)),), None, True),
        ((rule(ports=(9000,)),), None, True),
        ((rule(ports=(9000,)),), 8000, False),
        ((rule(ports=(9000,)),), 9000, True),
    ],
)
def test_only_who_could_ever_be_allowed_may_call(
    allow: tuple[Rule, ...] | None, port: int | None, expected: bool
) -> None:
    guarded: Service = service("web", *WEB.ports, allow=allow)
    found = guarded.port(port) if port else None
    assert scope.may_call(Name("default", "me"), guarded, found) is expected


def test_nobody_takes_a_name_of_the_mesh_from_its_service() -> None:
    thief = entry("a", "*", host="web.default.svc.cluster.local")
    mesh = declaring(thief)
    both = Mesh(services={**mesh.services, WEB.name: WEB}, hosts=mesh.hosts)
    assert scope.resolve(both, "a", "web.default.svc.cluster.local") == Target(WEB, WEB.ports[0])
