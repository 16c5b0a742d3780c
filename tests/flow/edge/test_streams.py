from __future__ import annotations

from tests.flow.edge.building import file, http, mesh, routes, told
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.listeners import ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.routes import RouteKind
from tulle.model.steps import AllowAddresses

SERVICES = """
tcp:
  services: {db: {loadBalancer: {servers: [{address: "10.0.0.3:5432"}]}}}
  middlewares: {some: {ipAllowList: {sourceRange: [10.0.0.0/8]}}}
  routers:
    r: """


def tcp(router: str, routers: str = "a: {rule: Path(`/`), service: s}") -> str:
    return http(routers, SERVICES + router)


def listener(router: str, routers: str = "a: {rule: Path(`/`), service: s}") -> object:
    found = mesh(tcp(router, routers)).listeners
    return found[Name("@static", "web|tcp/r@file")]


def in_order(text: str) -> list[str]:
    """Listeners in the order in which they are asked."""
    return [each.name.name for each in sorted(mesh(text).listeners.values(), key=lambda each: each.rank)]


def test_connections_with_tls() -> None:
    found = mesh(tcp("{rule: HostSNI(`db.test`), service: db, tls: {}}"))
    own = found.listeners[Name("@static", "web|tcp/r@file")]
    assert (own.protocol, own.tls) == (ListenerProtocol.TLS, TlsHandling.TERMINATE)
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
    assert list(map(str, found)) == ["web|tcp/r@file.@static"]
    assert found[Name("@static", "web|tcp/r@file")].protocol is ListenerProtocol.TCP
    some = mesh(tcp("{rule: HostSNI(`*`), service: db}", "a: {rule: Path(`/`), service: s, tls: {}}")).listeners
    assert Name("@static", "web|tls") in some and Name("@static", "web") not in some


def test_conditions_are_those_of_the_rule() -> None:
    found = mesh(tcp("{rule: '!HostSNI(`a`) && ALPN(`h2`) || ClientIP(`10.0.0.1`)', service: db, tls: {}}"))
    assert told(found) == []
    name = Condition(Subject.SERVER_NAME, Comparison.EXACT, "a", is_negated=True)
    protocol = Condition(Subject.ALPN, Comparison.EXACT, "h2")
    source = Condition(Subject.SOURCE, Comparison.SUBNET, "10.0.0.1/32")
    (rule,) = routes(found)["tcp/r"].streams
    assert {frozenset(each.conditions) for each in rule.matches} == {frozenset({name, protocol}), frozenset({source})}


def test_addresses_that_are_let_in() -> None:
    found = mesh(tcp("{rule: HostSNI(`a`), service: db, tls: {}, middlewares: [some]}"))
    (rule,) = routes(found)["tcp/r"].streams
    assert rule.steps == (AllowAddresses(ranges=("10.0.0.0/8",)),)


def test_who_is_asked_first() -> None:
    routers = """{rule: HostSNI(`*`), service: db, tls: {}}
    s: {rule: HostSNI(`a.test`), service: db, tls: {}}
    t: {rule: HostSNI(`a.test`) && ClientIP(`10.0.0.1`), service: db, tls: {}}
    u: {rule: HostSNI(`*`), service: db}
    v: {rule: ClientIP(`10.0.0.1`), service: db}"""
    requests = "a: {rule: Host(`a.test`) || Path(`/`), service: s, tls: {}}"
    assert in_order(tcp(routers, requests)) == [
        "web|tls|default",
        "web|tcp/t@file",
        "web|tcp/v@file",
        "web|tcp/s@file",
        "web|tcp/u@file",
        "web|tcp/r@file",
        "web|tls",
    ]
    # Who wants everything is before those with less priority, but not before hosts of requests.
    assert in_order(tcp(routers.replace("db, tls: {}}", "db, tls: {}, priority: 30}", 1), requests)) == [
        "web|tls|default",
        "web|tcp/t@file",
        "web|tcp/v@file",
        "web|tcp/u@file",
        "web|tcp/r@file",
        "web|tcp/s@file",
        "web|tls",
    ]


def test_a_router_for_every_connection_leaves_what_names_no_host_to_requests() -> None:
    catch_all = "{rule: HostSNI(`*`), service: db, tls: {}}"
    wide = mesh(tcp(catch_all, "a: {rule: Path(`/`), service: s, tls: {}}")).listeners
    own = wide[Name("@static", "web|tcp/r@file")]
    assert wide[Name("@static", "web|tls")].rank < own.rank
    assert mesh(tcp(catch_all)).listeners[Name("@static", "web|tls")].rank > own.rank


def test_options_of_connections() -> None:
    options = """
tls: {options: {few: {alpnProtocols: [mine], sniStrict: true, maxVersion: VersionTLS12}}}"""
    found = mesh(tcp("{rule: HostSNI(`a.test`), service: db, tls: {options: few}}") + options)
    own = found.listeners[Name("@static", "web|tcp/r@file")]
    assert (own.alpn, own.certified, own.versions.maximum) == (("mine",), (), "1.2")
    assert own.certificates
    lost = mesh(tcp("{rule: HostSNI(`a.test`), service: db, tls: {options: lost}}") + options)
    assert lost.listeners[Name("@static", "web|tcp/r@file")].certificates == ()
    assert any('TCP router r: there are no TLS options "lost"' in line for line in told(lost))


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
    assert own.entrance is not None and own.entrance.idle_timeout == 3.0
    nobody = found.listeners[Name("@static", "dns")]
    assert (nobody.protocol, nobody.port) == (ListenerProtocol.UDP, 5353)
    assert nobody.rank > own.rank
