from __future__ import annotations

from tests.dialects.traefik.reading import only, wrong
from tulle.model.names import Name
from tulle.model.routers import Reference, RouterTls
from tulle.model.routes import RouteKind


def test_connections() -> None:
    router = only("""
tcp:
  routers:
    a:
      rule: HostSNI(`a.test`)
      service: s
      entryPoints: [web]
      middlewares: [m@docker]
      tls: {passthrough: true, options: o}
""")
    assert (router.name, router.kind) == (Name("@file", "tcp/a"), RouteKind.TCP)
    assert (router.priority, router.hosts) == (len("HostSNI(`a.test`)"), ("a.test",))
    assert router.service == Reference(Name("@file", "tcp/s"))
    assert router.steps == (Reference(Name("@docker", "tcp/m")),)
    assert router.tls == RouterTls(options=Reference(Name("@file", "o")), is_passed=True)


def test_for_every_name_it_comes_last() -> None:
    assert only("tcp: {routers: {a: {rule: 'HostSNI(`*`)', service: s}}}").priority == -1
    assert only("tcp: {routers: {a: {rule: 'HostSNI(`*`)', service: s, priority: 4}}}").priority == 4


def test_the_second_version() -> None:
    router = only("tcp: {routers: {a: {rule: 'HostSNI(`a`, `b`)', ruleSyntax: v2, service: s, tls: {}}}}")
    assert router.hosts == ("a", "b")


def test_datagrams() -> None:
    router = only("udp: {routers: {a: {entryPoints: [dns], service: s}}}")
    assert (router.name, router.kind) == (Name("@file", "udp/a"), RouteKind.UDP)
    assert router.service == Reference(Name("@file", "udp/s"))


def test_mistakes() -> None:
    assert wrong("""
tcp:
  routers:
    a: {rule: HostSNI(`a.test`), service: s}
    b: {tls: {}}
    c: {rule: Host(`a`), service: s}
    d: {role: x}
udp:
  routers:
    e: {}
    f: {rule: x}
""") == [
        '4: TCP router a: "rule" asks for a server name, which only connections with TLS have; write tls: {}',
        '5: TCP router b: "rule" is missing',
        '5: TCP router b: "service" is missing',
        '6: TCP router c: "rule" is no rule: column 1: "Host" is no matcher of TCP rules, only of HTTP rules and of '
        'HTTP rules in the v2 syntax; did you mean "HostSNI"?',
        '7: TCP router d: unknown field "role"; did you mean "rule"?',
        '10: UDP router e: "service" is missing',
        '11: UDP router f: unknown field "rule"',
    ]
