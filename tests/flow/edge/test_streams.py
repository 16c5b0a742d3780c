from __future__ import annotations

import pytest

from tests.flow.edge.building import file, http, mesh, routes, told
from tulle.model.listeners import ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.routes import RouteKind, StreamMatch

SERVICES = """
tcp:
  services: {db: {loadBalancer: {servers: [{address: "10.0.0.3:5432"}]}}}
  middlewares: {some: {ipAllowList: {sourceRange: [10.0.0.0/8]}}}
  routers:
    r: """


def tcp(router: str, routers: str = "a: {rule: Path(`/`), service: s}") -> str:
    return http(routers, SERVICES + router)


def match(router: str) -> StreamMatch:
    found = mesh(tcp(router))
    assert told(found) == []
    return routes(found)["tcp/r"].streams[0].matches[0]


def listener(router: str, routers: str = "a: {rule: Path(`/`), service: s}") -> object:
    found = mesh(tcp(router, routers)).listeners
    return found[Name("@static", "web|tcp/r@file")]


def test_connections_with_tls() -> None:
    found = mesh(tcp("{rule: HostSNI(`db.test`), service: db, tls: {}}"))
    own = found.listeners[Name("@static", "web|tcp/r@file")]
    assert (own.protocol, own.tls) == (ListenerProtocol.TLS, TlsHandling.TERMINATE)
    assert [each.host for each in own.hosts] == ["db.test"]
    route = routes(found)["tcp/r"]
    assert (route.kind, route.listeners) == (RouteKind.TCP, ("@static/web|tcp/r@file",))
    assert [each.service for each in route.streams[0].backends] == [file("tcp/db")]
    assert Name("@static", "web") in found.listeners


def test_connections_whose_tls_is_passed_on() -> None:
    own = listener("{rule: HostSNI(`db.test`), service: db, tls: {passthrough: true}}")
    assert own.tls is TlsHandling.PASSTHROUGH  # type: ignore[attr-defined]
    assert own.certificates == ()  # type: ignore[attr-defined]


def test_without_tls_nothing_is_left_for_http() -> None:
    found = mesh(tcp("{rule: HostSNI(`*`), service: db}")).listeners
    assert Name("@static", "web") not in found
    assert found[Name("@static", "web|tcp/r@file")].protocol is ListenerProtocol.TCP


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("HostSNI(`a`) && ALPN(`h2`)", StreamMatch(server_names=("a",), protocols=("h2",))),
        ("HostSNI(`a`) && ClientIP(`10.0.0.1`)", StreamMatch(server_names=("a",), clients=("10.0.0.1/32",))),
        (
            "HostSNI(`a`) && ClientIP(`10.0.0.0/8`) && ClientIP(`10.1.0.0/16`)",
            StreamMatch(server_names=("a",), clients=("10.1.0.0/16",)),
        ),
    ],
)
def test_conditions(rule: str, expected: StreamMatch) -> None:
    assert match(f"{{rule: {rule}, service: db, tls: {{}}}}") == expected


def test_addresses_that_are_not_meant() -> None:
    clients = match("{rule: '!ClientIP(`0.0.0.0/1`)', service: db, tls: {}}").clients
    assert clients == ("128.0.0.0/1", "::/0")


def test_addresses_that_are_let_in() -> None:
    rule = "HostSNI(`a`) && ClientIP(`10.0.0.1`)"
    assert match(f"{{rule: {rule}, service: db, tls: {{}}, middlewares: [some]}}").clients == ("10.0.0.1/32",)
    assert match("{rule: HostSNI(`a`), service: db, tls: {}, middlewares: [some]}").clients == ("10.0.0.0/8",)
    found = mesh(tcp("{rule: HostSNI(`a`) && ClientIP(`11.0.0.1`), service: db, tls: {}, middlewares: [some]}"))
    assert routes(found)["tcp/r"].streams[0].matches == ()


def test_patterns_are_impossible() -> None:
    for rule in ("HostSNIRegexp(`^a`)", "!HostSNI(`a`)"):
        found = mesh(tcp(f"{{rule: '{rule}', service: db, tls: {{}}}}"))
        assert "tcp/r" not in routes(found)
        assert any("can only be told apart by names, addresses and protocols" in line for line in told(found))


def test_who_gets_tls_that_both_could_have() -> None:
    catch_all = "{rule: HostSNI(`*`), service: db, tls: {}}"
    tls = Name("@static", "web|tls")
    assert [each.host for each in mesh(tcp(catch_all)).listeners.get(tls, NOTHING).hosts] == []
    named = mesh(tcp(catch_all, "a: {rule: Host(`a.test`), service: s, tls: {}}")).listeners[tls]
    assert [each.host for each in named.hosts] == ["a.test"]
    wide = mesh(tcp(catch_all, "a: {rule: Path(`/`), service: s, tls: {}}")).listeners[tls]
    assert [each.host for each in wide.hosts] == ["*"]
    same = "{rule: HostSNI(`a.test`), service: db, tls: {}}"
    both = mesh(tcp(same, "a: {rule: Host(`a.test`), service: s, tls: {}}")).listeners[tls]
    assert [each.host for each in both.hosts] == ["a.test", "*"]


def test_datagrams() -> None:
    found = mesh("""
entryPoints: {dns: {address: ":5353/udp"}, web: {address: ":8080"}}
udp:
  routers: {r: {service: s}}
  services: {s: {loadBalancer: {servers: [{address: "10.0.0.1:53"}]}}}
""")
    assert told(found) == []
    own = found.listeners[Name("@static", "dns|udp/r@file")]
    assert own.protocol is ListenerProtocol.UDP
    assert routes(found)["udp/r"].kind is RouteKind.UDP


class _Nothing:
    hosts = ()


NOTHING = _Nothing()
