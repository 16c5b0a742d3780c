from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flow.edge.building import file, http, mesh, routes, told
from tulle.flow.build import Builder
from tulle.flow.edge.edge import CERTIFICATES
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.policies import TlsMode

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
    assert [router.name for router, _ in state.wishes] == [file("a")]


def test_nothing_is_there_for_those_who_have_no_routers() -> None:
    found = mesh("http: {}")
    assert (found.services, found.listeners, found.secrets, found.gateway_routes) == ({}, {}, {}, ())


NAMES = st.sampled_from("abc")
RULES = st.sampled_from(
    ["Path(`/a`)", "Host(`a.test`)", "Host(`a.test`) || Host(`b.test`)", "PathPrefix(`/`)", "Method(`GET`)"]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Routers, middlewares and services, not all of which are there."""
    routers = {
        name: f"{{rule: '{draw(RULES)}', service: {draw(NAMES)}, middlewares: [{draw(NAMES)}]"
        f"{draw(st.sampled_from(['', ', tls: {}', ', tls: {options: o}', ', priority: 3', ', entryPoints: [two]']))}}}"
        for name in draw(st.sets(NAMES))
    }
    services = {
        name: draw(
            st.sampled_from(
                [
                    "{loadBalancer: {servers: [{url: 'http://10.0.0.1'}]}}",
                    "{loadBalancer: {servers: [{url: 'http://10.0.0.2'}]}}",
                    "{weighted: {services: [{name: a}, {name: b, weight: 2}]}}",
                    "{failover: {service: a, fallback: b}}",
                    "{mirroring: {service: a, mirrors: [{name: c, percent: 5}]}}",
                ]
            )
        )
        for name in draw(st.sets(NAMES))
    }
    steps = {
        name: draw(st.sampled_from(["{addPrefix: {prefix: /x}}", "{chain: {middlewares: [a, b]}}"]))
        for name in draw(st.sets(NAMES))
    }
    points = draw(st.sampled_from(["{web: {address: ':8080'}}", "{web: {address: ':8080'}, two: {address: ':81'}}"]))
    options = draw(st.sampled_from(["{}", "{o: {}}", "{o: {minVersion: VersionTLS13}, default: {sniStrict: true}}"]))
    said = [
        f"  {section}: {{{', '.join(f'{name}: {text}' for name, text in sorted(found.items()))}}}"
        for section, found in (("routers", routers), ("services", services), ("middlewares", steps))
    ]
    return "\n".join([f"entryPoints: {points}", "http:", *said, f"tls: {{options: {options}}}"])


def seen(found: Mesh) -> object:
    """What there is to be compared."""
    return (
        sorted(map(_text, _plain(found.gateway_routes))),
        sorted(map(_text, _plain(found.listeners.values()))),
        sorted((name, str(each.addresses), str(each.policy)) for name, each in found.services.items()),
        told(found),
    )


def _text(thing: object) -> str:
    return re.sub("0x[0-9a-f]+", "", repr(thing))


def _plain(things: object) -> list[object]:
    return [
        {name: getattr(each, name) for name in each.__dataclass_fields__ if "origin" not in name}
        for each in things  # type: ignore[attr-defined]
    ]


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, deadline=None)
@given(st.lists(documents(), min_size=2, max_size=4))
def test_changes_lead_where_the_beginning_would(texts: list[str]) -> None:
    builder = Builder()
    for text in texts:
        now = mesh(text, builder)
    assert seen(now) == seen(mesh(texts[-1]))


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
