from __future__ import annotations

import pytest

from tests.flow.written import built, messages
from tulle.flow import offline
from tulle.flow.references import Directory, check_route, shown
from tulle.model.documents import Origin
from tulle.model.names import GATEWAY, Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service


def test_a_service_is_shown_as_one_would_write_it() -> None:
    assert shown(Name("shop", "web"), "shop") == "web"
    assert shown(Name("shop", "web"), "default") == "web.shop"
    assert str(GATEWAY) == "gateway.tulle-system"


SERVICES = """
services:
  web: {port: 8000, command: web}
  db: {port: 5432, protocol: tcp, command: db}
  worker: {command: worker}
  guarded: {port: 8000, command: x, allow: [web]}
  shared: {port: 5432, protocol: tcp, command: x, allow: []}
  open: {port: 8000, command: x, allow: [{methods: GET}]}
  versioned: {port: 8000, versions: {stable: {command: x}}}
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("routes: [{to: web}, {path: /a, to: open}]", []),
        ("routes: [{name: r, to: worker}]", ['route r: service "worker" has no port; it has no ports at all']),
        ("routes: [{name: r, to: web/v1}]", ['route r: service "web" has no version "v1"']),
        (
            "routes: [{name: r, to: versioned/stabel}]",
            ['route r: service "versioned" has no version "stabel"; did you mean "stable"?'],
        ),
        (
            "routes: [{name: r, to: web.defalt}]",
            ['route r: service "web.defalt" does not exist'],
        ),
        (
            "routes: [{name: r, to: guarded}]",
            ['route r: service "guarded" does not allow the gateway to call it; add "gateway" to its "allow"'],
        ),
        (
            "gateway: {listeners: {l: {port: 1, protocol: tcp, to: shared}}}",
            ['listener l: service "shared" does not allow the gateway to call it; add "gateway" to its "allow"'],
        ),
        (
            "gateway: {listeners: {l: {port: 1, protocol: udp, to: db}}}",
            ['listener l: port 5432 of service "db" speaks tcp; here it must be udp'],
        ),
        (
            "services: {c: {command: x, calls: [db, web, dbb]}}",
            [
                'service c: "calls" is for TCP and UDP; service "web" speaks HTTP and is called by its name',
                'service c: "calls" names service "dbb", which does not exist; did you mean "db"?',
            ],
        ),
        (
            "gateway: {listeners: {raw: {port: 1, protocol: tcp, to: db}, l: 2}}\n"
            "routes: [{name: r, to: web, listeners: [l, raw, x]}]",
            [
                'route r: listener "raw" speaks tcp; routes are for http and https',
                'route r: listener "x" does not exist',
            ],
        ),
    ],
)
def test_references_are_checked(text: str, wanted: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("files")
    (folder / "a.yaml").write_text(SERVICES.replace("\n    ", "\n"))
    (folder / "b.yaml").write_text(text)
    _, findings = offline.checked([folder])
    assert [finding.message for finding in findings] == wanted


def test_rules_for_a_service_that_does_not_exist_are_left_out() -> None:
    origin = Origin("file", "a.yaml", subject="rules")
    rules = RouteSet(name=Name("d", "wbe"), origin=origin, service=Name("d", "wbe"), drops_unknown=True)
    web = Service(name=Name("d", "web"), origin=origin, ports=(), account="web")
    checked = check_route(rules, Directory({web.name: web}, {}, {}))
    assert checked.thing == ()
    assert [finding.message for finding in checked.findings] == [
        'rules: service "wbe" does not exist; did you mean "web"?'
    ]
    assert checked.names == (rules.service,)


def test_a_route_without_a_usable_listener_is_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("files")
    (folder / "a.yaml").write_text("routes: [{respond: 200, listeners: nowhere}]")
    mesh, findings = offline.checked([folder])
    assert not mesh.gateway_routes and len(findings) == 1


SECURE = """
services: {secure: {port: 443, protocol: tls, addresses: [10.0.0.1]}}
routes: [{name: r, to: secure}]
"""
TREATED = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: secure}
spec: {host: secure, trafficPolicy: {%s}}
"""
SIMPLE = "tls: {mode: SIMPLE, sni: api.test}"


@pytest.mark.parametrize("said", [SIMPLE, f"portLevelSettings: [{{port: {{number: 443}}, {SIMPLE}}}]"])
def test_requests_may_go_to_a_tls_port_if_the_proxy_speaks_tls_to_it(said: str) -> None:
    assert messages(built(SECURE)) == [
        '1.yaml:3: error: route r: port 443 of service "secure" speaks tls; here it must be http, http2 or grpc'
    ]
    assert messages(built(SECURE, TREATED % said)) == []
