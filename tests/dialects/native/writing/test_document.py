from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import TypeVar

import pytest

from tulle.dialects import registry
from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.dialects.native.writing.document import Frame
from tulle.kit.located_yaml import pieces
from tulle.model.documents import BUILT_IN, Anchor, Document, Origin
from tulle.model.extensions import Scope, Telemetry
from tulle.model.mesh import Fragment, Settings
from tulle.model.names import Name
from tulle.model.routes import Match, RouteRule
from tulle.model.security import AccessPolicy, Authorizer, PeerAuthentication, RequestAuthentication, TokenRule
from tulle.model.services import Entry
from tulle.model.workloads import Template

Write = Callable[..., Document]
Kind = TypeVar("Kind")
FOLDER = Frame(folder="/folder")


def foreign(subject: str, line: int, file: str = "in.yaml") -> Origin:
    return Origin("file", file, Anchor(line), 0, subject)


@pytest.fixture
def content(write: Write) -> Callable[[str], Content]:
    """What a native text says, put in order as far as these tests need it."""

    def make(text: str) -> Content:
        parts = chain.from_iterable(registry.split(write(piece.text, piece.line + 1))[0] for piece in pieces(text))
        return _content([registry.read(part) for part in parts])

    return make


def _content(fragments: list[Fragment]) -> Content:
    assert not [finding for fragment in fragments for finding in fragment.findings]
    objects = [each for fragment in fragments for each in fragment.objects]
    workloads = [each for fragment in fragments for each in fragment.workloads]

    def of(kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(each for each in objects if isinstance(each, kind))

    return Content(
        settings=next((each.settings for each in fragments if each.settings is not None), Settings()),
        authorizers=of(Authorizer),
        entrances=tuple(
            Entrance(listener=listener, streams=tuple(rule for each in fragment.routes for rule in each.streams))
            for fragment in fragments
            for listener in fragment.listeners
        ),
        routes=tuple(
            Placed(
                namespace=each.name.namespace,
                hosts=each.mesh_hosts or each.hosts,
                listeners=each.listeners,
                is_mesh=bool(each.mesh_hosts),
                rules=each.rules,
                is_free=each.by_specificity,
                streams=each.streams,
            )
            for fragment in fragments
            for each in fragment.routes
            if not fragment.listeners
        ),
        offers=tuple(
            Offer(service=each, workloads=tuple(it for it in workloads if it.service == each.name))
            for fragment in fragments
            for each in fragment.services
        ),
        workloads=tuple(each for each in workloads if each.is_bare),
        entries=of(Entry),
        access=of(AccessPolicy),
        tokens=of(RequestAuthentication),
        peers=of(PeerAuthentication),
        scopes=of(Scope),
        logging=of(Telemetry),
    )


WHOLE = """\
mesh:
  trust_domain: example.org
  mtls: permissive
  authorizers: {opa: authz, other: {to: b, grpc: true}}
gateway:
  listeners:
    http: 8080
    db: {port: 9000, protocol: tcp, streams: {match: {networks: 10.0.0.0/8}, to: db}}
routes:
  - {path: /a, to: web}
  - host: a.example.org
    listeners: http
    rules: [{match: {methods: GET}, to: web}, {respond: 404}]
  - {hosts: [a.b, c.d], mesh: true, rules: [{to: web}]}
  - {host: db.example.org, mesh: true, streams: {to: db}}
services:
  db: {port: 5432, protocol: tcp, command: run, mtls: strict}
  web: {port: 80, command: run}
workloads:
  job: {command: run}
  vm: {address: 10.0.0.1}
access:
  all: {rules: [{}]}
tokens:
  users: {issuer: https://a.b}
---
namespace: shop
mtls:
  old: {mode: disable}
scopes:
  all: {hosts: ./*}
logging:
  all: {logs: {to: a}}
"""


def test_what_was_read_is_written(content: Callable[[str], Content]) -> None:
    assert document.text(content(WHOLE), FOLDER) == WHOLE


@pytest.mark.parametrize(
    "mesh",
    [
        "{trust_domain_aliases: [a.b, c.d], outside: known, certificate_lifetime: 1h}",
        "{gateway_threads: 2, sidecar_threads: 3, access_log: true, trusted_proxies: 1}",
        "{logger: {file: a.log, text: '%PROTOCOL%', omit_empty: true}, default_loggers: json, "
        "loggers: {json: {file: b.log, labels: {a: b}}, usual: {file: /dev/stdout, labels: {}}}}",
        "{root_namespace: root, gateway_labels: {a: b}, mtls: strict}",
    ],
)
def test_settings_are_written_as_they_are_read(content: Callable[[str], Content], mesh: str) -> None:
    given = content(f"mesh: {mesh}")
    again = content(document.text(given, FOLDER))
    assert document.documents(again, FOLDER) == document.documents(given, FOLDER) != []
    for field in ("trust_domain_aliases", "allow_outside", "certificate_lifetime", "gateway_concurrency", "access_log"):
        assert getattr(again.settings, field) == getattr(given.settings, field)
    for field in ("sidecar_concurrency", "trusted_proxies", "default_loggers", "root_namespace", "gateway_labels"):
        assert getattr(again.settings, field) == getattr(given.settings, field)
    assert [each.labels for each in again.settings.loggers] == [each.labels for each in given.settings.loggers]
    assert [each.mode for each in again.peers] == [each.mode for each in given.peers]


def test_settings_stand_with_the_first_namespace(content: Callable[[str], Content]) -> None:
    text = "namespace: shop\nmesh:\n  outside: known\nservices:\n  web: {port: 80, command: run}\n"
    assert document.text(content(text), FOLDER) == text


def test_comments_say_where_foreign_parts_came_from(content: Callable[[str], Content]) -> None:
    given = content("services:\n  web: {port: 80, command: run}\n  api: {port: 81, command: run}\n")
    web, api = given.offers
    origins = (foreign("Service web", 3), foreign("DestinationRule web", 9, "/x/rules.yaml"), foreign("", 7))
    given = replace(given, offers=(replace(web, origins=(*origins, origins[0])), replace(api, is_declared=False)))
    frame = Frame(
        folder="/folder",
        notes={("native/service", Name("default", "api")): ("Lost: something",)},
    )
    assert document.text(given, frame) == (
        "services:\n"
        "  # Service web (in.yaml:3)\n  # DestinationRule web (/x/rules.yaml:9)\n  web: {port: 80, command: run}\n"
        "# Services of which these files do not say where they are:\n"
        "# services:\n#   # Lost: something\n#   api: {port: 81, command: run}\n"
    )


def test_only_kinds_of_kubernetes_are_foreign() -> None:
    assert document.is_foreign(foreign("Service web", 1))
    assert not document.is_foreign(foreign("service web", 1))
    assert not document.is_foreign(BUILT_IN)
    assert Frame().came_from(foreign("service web", 1)) == ""


def test_rules_of_several_documents_say_from_which_each_is(content: Callable[[str], Content]) -> None:
    given = content("routes: [{host: a.b, rules: [{to: a}, {to: b}, {to: c}]}]")
    (placed,) = given.routes
    one, two = foreign("VirtualService one", 1), foreign("VirtualService two", 5)

    def written(*origins: Origin) -> str:
        rules: tuple[RouteRule, ...] = tuple(
            replace(rule, origin=origin) for rule, origin in zip(placed.rules, origins, strict=True)
        )
        return document.text(replace(given, routes=(replace(placed, rules=rules),)), Frame())

    assert written(one, one, one.at(3)).startswith("routes:\n  # VirtualService one (in.yaml:1)\n  - {host: a.b, ")
    assert written(one, two, placed.rules[0].origin) == (
        "routes:\n  - host: a.b\n    rules:\n      # VirtualService one (in.yaml:1)\n      - {to: a}\n"
        "      # VirtualService two (in.yaml:5)\n      - {to: b}\n      - {to: c}\n"
    )


def test_several_issuers_are_parts_of_their_own() -> None:
    rules = tuple(TokenRule(origin=BUILT_IN, issuer=issuer) for issuer in ("https://a.b", "https://c.d"))
    policy = RequestAuthentication(
        name=Name("shop", "users"), origin=foreign("RequestAuthentication users", 2), rules=rules
    )
    note = "  # RequestAuthentication users (in.yaml:2)\n"
    assert document.text(Content(tokens=(policy,)), Frame()) == (
        f"namespace: shop\ntokens:\n{note}  users-1: {{issuer: https://a.b}}\n"
        f"{note}  users-2: {{issuer: https://c.d}}\n"
    )
    assert document.issuers(replace(policy, rules=rules[:1])) == [(policy.name, rules[0])]


def test_only_the_first_policy_of_the_root_namespace_is_that_of_the_mesh(content: Callable[[str], Content]) -> None:
    given = content("mesh: {mtls: permissive}")
    (mesh,) = given.peers
    other = replace(mesh, name=Name(mesh.name.namespace, "other"))
    assert document.text(replace(given, peers=(mesh, other)), Frame()) == (
        f"namespace: {mesh.name.namespace}\nmesh:\n  mtls: permissive\nmtls:\n  other: {{mode: permissive}}\n"
    )


def test_what_nothing_takes_and_nobody_runs_is_a_comment(content: Callable[[str], Content]) -> None:
    given = content("routes: [{host: a.b, to: web}]")
    template = Template(
        name=Name("shop", "web"),
        origin=foreign("Deployment web", 4),
        labels=(("app", "web"),),
        account="web",
        ports=(("http", 80),),
        replicas=3,
    )
    elsewhere = replace(given.routes[0], namespace="shop", hosts=("c.d",))
    found = Content(
        unattached=(elsewhere, *given.routes),
        templates=(template, replace(template, name=Name("default", "a"), ports=())),
    )
    assert document.text(found, Frame()) == (
        "{}\n"
        "# Routes that nothing takes, as no listener of these files is what they ask for:\n"
        "# routes:\n#   - {host: a.b, to: web}\n"
        "# namespace: shop\n# routes:\n#   - {host: c.d, to: web.default}\n"
        "# Workloads of which these files do not say how they are run here:\n"
        "# workloads:\n#   # Deployment web (in.yaml:4)\n"
        "#   a: {command: ..., account: web, labels: {app: web}, replicas: 3}\n"
        "# namespace: shop\n# workloads:\n#   # Deployment web (in.yaml:4)\n"
        "#   web: {command: ..., port: 80, account: web, labels: {app: web}, replicas: 3}\n"
    )


def test_a_route_is_known_by_its_host_and_conditions(content: Callable[[str], Content]) -> None:
    (placed,) = content("namespace: shop\nroutes: [{host: a.b, path: /a, to: web}]").routes
    assert document.route_key(placed) == ("native/route", Name("shop", "a.b/a"))
    (rule,) = placed.rules
    everywhere = replace(placed, hosts=("*",), rules=(replace(rule, matches=(Match(),)),))
    assert document.route(everywhere, Frame()) == {"to": "web"}
