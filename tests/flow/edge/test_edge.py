from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields

from hypothesis import assume, given, settings

from tests.flow.edge.building import file, http, mesh, routes, told
from tests.flow.edge.random_documents import histories
from tulle.envoy.gateway import compile_gateway
from tulle.envoy.gateway_hosts import Memory
from tulle.flow.build import Builder
from tulle.flow.edge.trusting import CERTIFICATES
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import TlsMode
from tulle.model.routes import RouteSet
from tulle.xds.snapshot import Snapshot

TEXT = http(
    "a: {rule: Path(`/a`), service: s, middlewares: [m]}\n    b: {rule: Path(`/b`), service: t}",
    "\n  middlewares: {m: {addPrefix: {prefix: /m}}}",
)


def test_only_what_a_change_concerns_is_another_object() -> None:
    builder = Builder()
    before = mesh(TEXT, builder)
    after = mesh(TEXT.replace("prefix: /m", "prefix: /n"), builder)
    assert routes(before)["b"] is routes(after)["b"]
    assert routes(before)["a"] is not routes(after)["a"]
    assert before.services[file("s")] is after.services[file("s")]
    assert before.listeners[Name("@static", "web")] is after.listeners[Name("@static", "web")]
    gone = mesh(TEXT.replace("    a: {", "    c: {"), builder)
    assert sorted(routes(gone)) == ["b", "c"]


OLD = http("a: {rule: 'Host(`a.test`, `b.test`)', service: s}\n    b: {rule: Path(`/b`), service: t}")


def test_rules_are_in_the_syntax_that_is_usual() -> None:
    builder = Builder()
    usual = mesh(OLD, builder)
    assert list(routes(usual)) == ["b"]
    (message,) = told(usual)
    assert message.startswith('4: router a: "rule" is no rule: column 1: "Host" cannot have 2 arguments')
    assert usual.edge is not None
    assert usual.edge.routers[file("a")].problems == (message.removeprefix("4: "),)
    older = mesh(OLD + "\ncore: {defaultRuleSyntax: v2}\n", builder)
    assert told(older) == []
    assert routes(older)["a"].hosts == ("a.test", "b.test")
    assert routes(older)["b"] is routes(usual)["b"]
    again = mesh(OLD, builder)
    assert (list(routes(again)), told(again)) == (["b"], told(usual))


def test_what_is_missing_comes_later() -> None:
    builder = Builder()
    without = mesh(TEXT.replace("  middlewares: {m", "  middlewares: {x"), builder)
    assert list(routes(without)) == ["b"]
    assert told(without) == ['4: router a: there is no middleware "m"']
    assert sorted(routes(mesh(TEXT, builder))) == ["a", "b"]


def test_how_servers_are_spoken_to() -> None:
    services = """
  services:
    s: {loadBalancer: {servers: [{url: "https://a.test"}], serversTransport: own}}
    t: {loadBalancer: {servers: [{url: "https://10.0.0.1:8443"}]}}
  serversTransports:
    own: {serverName: other.test, forwardingTimeouts: {dialTimeout: 1s}}
"""
    found = mesh(http("a: {rule: Path(`/`), service: s}", services=services)).services
    own, usual = found[file("s")].policy, found[file("t")].policy
    assert own.tls is not None and usual.tls is not None
    assert (own.tls.server_name, own.connect_timeout) == ("other.test", 1.0)
    assert usual.tls.mode is TlsMode.SIMPLE


def test_servers_may_be_told_who_connects() -> None:
    found = mesh("""
entryPoints: {web: {address: ":8080"}}
tcp:
  routers: {r: {rule: HostSNI(`*`), service: s}}
  services: {s: {loadBalancer: {servers: [{address: "10.0.0.1:1"}], serversTransport: own}}}
  serversTransports: {own: {proxyProtocol: {version: 1}}}
""").services
    assert found[file("tcp/s")].policy.proxy_protocol == 1


def test_certificates_that_are_text_are_secrets() -> None:
    found = mesh(
        TEXT
        + '\ntls: {certificates: [{certFile: "-----BEGIN a", keyFile: "-----BEGIN b"}, {certFile: /c, keyFile: /k}]}'
    )
    shown = found.listeners[Name("@static", "web|tls")].certificates
    assert [each.certificate_file for each in shown if each.secret is None] == ["/c"]
    assert all(each.secret in found.secrets for each in shown if each.secret is not None)
    assert {each.secret.namespace for each in shown if each.secret is not None} == {CERTIFICATES}


def test_what_became_of_routers() -> None:
    state = mesh(TEXT.replace("service: t", "service: nope")).edge
    assert state is not None
    a, b = state.routers[file("a")], state.routers[file("b")]
    assert (a.points, a.problems, a.services, a.steps) == (("web",), (), (file("s"),), (file("m"),))
    assert b.problems == ('router b: there is no service "nope"; did you mean "s"?',) or b.problems
    assert not state.wishes, "it has no TLS"
    secure = mesh(TEXT.replace("service: t", "service: nope").replace("service: ", "tls: {}, service: ")).edge
    assert secure is not None
    assert [router.name for router, _ in secure.wishes] == [file("a")]
    everywhere = TEXT.replace("':8080'", "':8080', http: {tls: {}}")
    state = mesh(everywhere).edge
    assert state is not None
    assert [router.name for router, _ in state.wishes] == [file("a"), file("b")]


def test_nothing_is_there_for_those_who_have_no_routers() -> None:
    found = mesh("http: {}")
    assert (found.services, found.listeners, found.secrets, found.gateway_routes) == ({}, {}, {}, ())


def test_options_of_tls_count_once_their_router_has_a_service() -> None:
    builder = Builder()
    text = http("a: {rule: Host(`a.test`), service: t, tls: {options: o}}", "tls: {options: {o: {}}}")
    assert Name("@static", "web|tls|o.@file") not in mesh(text.replace("    t: {", "    u: {"), builder).listeners
    assert Name("@static", "web|tls|o.@file") in mesh(text, builder).listeners


def test_routers_leave_an_entry_point_that_is_there_only_as_long_as_none_is_written() -> None:
    builder = Builder()
    text = "entryPoints: {}\n" + http("a: {rule: Path(`/`), service: s, entryPoints: [http]}").partition("\n")[2]
    assert list(routes(mesh(text, builder))) == ["a"]
    assert not routes(mesh(text.replace("{}", "{web: {address: ':8080'}}", 1), builder))


def test_routers_for_datagrams_are_at_entry_points_that_come_later() -> None:
    builder = Builder()
    text = (
        "udp:\n  routers: {r: {service: s}}\n  services: {s: {loadBalancer: {servers: [{address: '10.0.0.1:53'}]}}}\n"
        "entryPoints: {web: {address: ':8080'}"
    )
    assert routes(mesh(text + "}", builder))["udp/r"].listeners == ()
    now = mesh(text + ", dns: {address: ':5353/udp'}}", builder)
    assert routes(now)["udp/r"].listeners == ("@static/dns|udp/r@file",)


def test_secrets_of_transports_go_with_them() -> None:
    builder = Builder()
    more = '\n  serversTransports: {t: {rootCAs: ["-----BEGIN 1"]}}'
    before, after = mesh(TEXT + more, builder), mesh(TEXT, builder)
    assert len(before.secrets) == len(after.secrets) + 1


def test_names_that_come_later_are_suggested() -> None:
    builder = Builder()
    text = TEXT.replace("middlewares: [m]", "middlewares: [mild]")
    assert told(mesh(text, builder)) == ['4: router a: there is no middleware "mild"']
    now = mesh(text.replace("{m: {add", "{mildly: {add"), builder)
    assert told(now) == ['4: router a: there is no middleware "mild"; did you mean "mildly"?']


def seen(found: Mesh) -> dict[str, object]:
    """What there is to be compared; routes in their order."""
    state = found.edge
    assert state is not None
    return {
        "routes": [_text(each) for each in _plain(found.gateway_routes)],
        "listeners": sorted(_text(each) for each in _plain(found.listeners.values())),
        "services": {name: (each.addresses, each.ports, each.policy) for name, each in found.services.items()},
        "secrets": {name: each.data for name, each in found.secrets.items()},
        "findings": told(found),
        "states": {
            name: (each.points, each.problems, each.services, each.steps) for name, each in state.routers.items()
        },
        "wishes": [(router.name, tls) for router, tls in state.wishes],
    }


def _text(thing: object) -> str:
    return re.sub("0x[0-9a-f]+", "", repr(thing))


def _plain(things: Iterable[RouteSet | Listener]) -> Iterator[dict[str, object]]:
    for each in things:
        yield {field.name: getattr(each, field.name) for field in fields(each) if "origin" not in field.name}


def sent(snapshot: Snapshot) -> dict[str, dict[str, bytes]]:
    """What Envoy is told, in bytes."""
    return {table: {name: each.body for name, each in found.items()} for table, found in snapshot.tables.items()}


@settings(max_examples=150, deadline=None)
@given(histories())
def test_changes_lead_where_the_beginning_would(texts: list[str]) -> None:
    builder, memory = Builder(), Memory()
    for text in texts:
        now, fresh = mesh(text, builder), mesh(text)
        assume(not any("last good" in each for each in told(now)))  # The beginning knows nothing of those.
        assert seen(now) == seen(fresh)
        assert sent(compile_gateway(now, memory)) == sent(compile_gateway(fresh))


def test_certificates_of_transports_that_are_text_are_secrets() -> None:
    services = """
  serversTransports:
    t: {rootCAs: ["-----BEGIN 1"], certificates: [{certFile: "-----BEGIN 2", keyFile: "-----BEGIN 3"}]}
  services:
    a: {loadBalancer: {serversTransport: t, servers: [{url: "https://10.0.0.1"}]}}
"""
    found = mesh(http("r: {rule: Path(`/`), service: a}", services=services))
    assert told(found) == []
    tls = found.services[file("a")].policy.tls
    assert tls is not None
    assert tls.ca_secret is not None
    assert tls.shown_secret == tls.ca_secret
    given = dict(found.secrets[tls.ca_secret].data)
    assert given == {"ca.crt": b"-----BEGIN 1", "tls.crt": b"-----BEGIN 2", "tls.key": b"-----BEGIN 3"}


def test_the_usual_transport_of_connections() -> None:
    text = """
entryPoints: {db: {address: ":5432"}}
tcpServersTransport: {dialTimeout: 3s}
tcp:
  routers: {a: {rule: HostSNI(`*`), service: s}}
  services: {s: {loadBalancer: {servers: [{address: "10.0.0.1:1"}]}}}
udp:
  routers: {a: {service: s}}
  services: {s: {loadBalancer: {servers: [{address: "10.0.0.1:1"}]}}}
"""
    found = mesh(text).services
    timeouts = {str(name): each.policy.connect_timeout for name, each in found.items() if "/s" in name.name}
    assert timeouts["tcp/s.@file"] == 3.0 != timeouts["udp/s.@file"]
