from __future__ import annotations

from dataclasses import replace

from tests.flow.edge.building import http, mesh, routes
from tulle.model.listeners import ListenerProtocol
from tulle.model.names import Name
from tulle.model.routers import USUAL_VERSIONS

PLAIN, TLS = Name("@static", "web"), Name("@static", "web|tls")


def test_an_entry_point_listens_for_both() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: s}"))
    assert found.listeners[PLAIN].protocol is ListenerProtocol.HTTP
    assert found.listeners[TLS].protocol is ListenerProtocol.HTTPS
    assert {each.port for each in found.listeners.values()} == {8080}
    assert all(each.entrance is not None for each in found.listeners.values())


def test_ports_that_need_root_are_moved() -> None:
    listener = mesh(http("a: {rule: Path(`/`), service: s}").replace(":8080", ":80")).listeners[PLAIN]
    assert (listener.port, listener.declared_port) == (8080, 80)


def test_without_entry_points_there_is_one() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: s}").partition("\n")[2])
    assert found.listeners[Name("@static", "http")].declared_port == 80
    assert mesh("http: {services: {}}").listeners == {}


def test_the_one_of_the_api_is_made_when_it_is_named() -> None:
    found = mesh(http("a: {rule: Path(`/`), service: s}", "\nping: {}\n"))
    assert found.listeners[Name("@static", "traefik")].port == 8080
    assert routes(found)["a"].listeners == ("@static/web",)


def test_entry_points_for_routers_that_name_none() -> None:
    text = http("a: {rule: Path(`/`), service: s}").replace(
        "{web: {address: ':8080'}}",
        "{b: {address: ':81', asDefault: true}, c: {address: ':82'}, d: {address: ':53/udp'}}",
    )
    assert routes(mesh(text))["a"].listeners == ("@static/b",)
    assert routes(mesh(text.replace(", asDefault: true", "")))["a"].listeners == ("@static/b", "@static/c")


def test_options_of_tls_are_for_the_hosts_of_their_routers() -> None:
    found = mesh(
        http(
            """a: {rule: Host(`a.test`), service: s, tls: {options: new}}
    b: {rule: Host(`b.test`), service: s, tls: {options: new}}
    c: {rule: Host(`b.test`) && Path(`/c`), service: s, tls: {}}
    d: {rule: Path(`/d`), service: s, tls: {options: nope}}""",
            "\ntls: {options: {new: {minVersion: VersionTLS13}, default: {maxVersion: VersionTLS12}}}",
        )
    )
    special = found.listeners[Name("@static", "web|tls|new.@file")]
    assert [each.host for each in special.hosts] == ["a.test"]
    assert special.versions == replace(USUAL_VERSIONS, minimum="1.3")
    assert found.listeners[TLS].versions == replace(USUAL_VERSIONS, maximum="1.2")
    assert {routes(found)[name].listeners for name in "abc"} == {("@static/web|tls",)}


def test_http3_is_advertised_over_tls() -> None:
    text = http("a: {rule: Path(`/`), service: s}").replace("address: ':8080'", "address: ':8080', http3: {}")
    found = mesh(text).listeners
    advertised = {name: each.entrance.http3 for name, each in found.items() if each.entrance is not None}
    assert advertised == {PLAIN: 0, TLS: 8080}
