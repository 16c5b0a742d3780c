from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.kitchen import HERE, http, service
from tulle.envoy import scope
from tulle.envoy.scope import Outside, Target, Unknown
from tulle.model.mesh import Mesh
from tulle.model.names import Name, host_names
from tulle.model.security import Rule
from tulle.model.services import Port, Service

WEB = service("web", http(8000), Port(name="admin", number=9000))
MESH = Mesh(services={WEB.name: WEB, Name("other", "x"): service("x", http())})


@pytest.mark.parametrize("host", host_names(WEB.name, "default"))
@pytest.mark.parametrize(("suffix", "port"), [("", 8000), (":8000", 8000), (":9000", 9000)])
def test_every_name_of_a_service_reaches_its_port(host: str, suffix: str, port: int) -> None:
    found = scope.resolve(MESH, "default", f"{host}{suffix}".upper())
    assert isinstance(found, Target)
    assert (found.service, found.port.number) == (WEB, port)


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
    assert scope.dependencies(MESH, "default", authority) == frozenset()


@given(st.text(max_size=40))
def test_any_host_header_resolves_to_something(authority: str) -> None:
    scope.resolve(MESH, "default", authority)


def test_a_missing_service_is_depended_on() -> None:
    assert scope.dependencies(MESH, "default", "nope") == {Name("default", "nope")}
    assert scope.dependencies(MESH, "default", "*") == frozenset()


def test_backends_of_its_rules_are_depended_on(mesh: Mesh) -> None:
    names = {each.name for each in scope.dependencies(mesh, "default", "catalogue")}
    assert names == {"catalogue", "ghost", "web"}


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
    assert scope.may_call(MESH, Name("default", "me"), guarded, found) is expected
