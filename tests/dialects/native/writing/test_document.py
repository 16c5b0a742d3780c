from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.writing import document
from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.dialects.native.writing.document import Frame
from tulle.flow.conversion import converted, read
from tulle.model.documents import Anchor, Origin
from tulle.model.names import Name
from tulle.model.routes import Match, Respond, RouteRule
from tulle.model.services import Port, Service
from tulle.model.workloads import Template

FOREIGN = Origin("file", "a.yaml", Anchor(3), 2, "VirtualService web")
OTHER = Origin("file", "b.yaml", Anchor(1), 0, "VirtualService other")
NATIVE = Origin("file", "a.yaml", Anchor(3), 2, "service web")


def rule(origin: Origin, *matches: Match, status: int = 200) -> RouteRule:
    return RouteRule(name="", origin=origin, matches=matches or (Match(),), action=Respond(status=status))


def service(namespace: str, origin: Origin = NATIVE) -> Service:
    ports = (Port(name="http", number=80),)
    return Service(name=Name(namespace, "web"), origin=origin, ports=ports, account="web", selector=(("a", "b"),))


def test_nothing_is_an_empty_mapping() -> None:
    assert document.text(Content(), Frame()) == "{}\n"


def test_each_namespace_has_a_document_the_usual_one_first() -> None:
    offers = tuple(Offer(service=service(space)) for space in ("shop", "default", "a"))
    text = document.text(Content(offers=offers), Frame())
    assert [each.partition("\n")[0] for each in text.split("---\n")] == ["services:", "namespace: a", "namespace: shop"]


def test_comments_say_where_what_was_not_native_came_from() -> None:
    known = Offer(service=service("default", FOREIGN), origins=(OTHER, OTHER, NATIVE))
    text = document.text(Content(offers=(known,)), Frame(notes={("native/service", Name("default", "web")): ("Lost",)}))
    assert text.splitlines()[1:4] == [
        "  # VirtualService web (a.yaml:5)",
        "  # VirtualService other (b.yaml:1)",
        "  # Lost",
    ]


def test_rules_of_several_documents_say_each_of_which() -> None:
    rules = (rule(FOREIGN, Match(methods=("GET",))), rule(OTHER, status=404))
    placed = Placed(namespace="default", hosts=("a", "b"), listeners=("x",), rules=rules)
    assert document.text(Content(routes=(placed,)), Frame()).splitlines() == [
        "routes:",
        "  - hosts: [a, b]",
        "    listeners: x",
        "    rules:",
        "      # VirtualService web (a.yaml:5)",
        "      - {match: {methods: GET}, respond: 200}",
        "      # VirtualService other (b.yaml:1)",
        "      - {respond: 404}",
    ]


def test_what_cannot_be_there_is_a_comment() -> None:
    placed = Placed(namespace="default", hosts=("*",), rules=(rule(FOREIGN),))
    listener = converted(read("gateway: {listeners: {a: 81}}\n")).text
    assert listener == "gateway:\n  listeners:\n    a: 81\n"
    template = Template(name=Name("shop", "web"), origin=OTHER, ports=(("", 80),), account="web")
    content = Content(unattached=(placed,), templates=(template,))
    text = document.text(content, Frame(notes={document.NOWHERE: ("Lost: everything",)}))
    assert text.splitlines() == [
        "{}",
        "# What is not in this file:",
        "# Lost: everything",
        "# Routes that nothing takes, as no listener of these files is what they ask for:",
        "# routes:",
        "#   # VirtualService web (a.yaml:5)",
        "#   - {rules: [{respond: 200}]}",
        "# Workloads of which these files do not say how they are run here:",
        "# workloads:",
        "#   # VirtualService other (b.yaml:1)",
        "#   web: {command: ..., namespace: shop, port: 80, account: web}",
    ]


def test_listeners_that_cannot_be_used_are_a_comment(read: Any) -> None:
    fragment = read("gateway: {listeners: {edge: 18080}}")
    text = document.text(Content(unusable=(Entrance(listener=fragment.listeners[0]),)), Frame())
    assert text.splitlines()[1:] == [
        "# Listeners that cannot be used as they are:",
        "# gateway:",
        "#   listeners:",
        "#     edge: 18080",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "mesh: {trust_domain: a.local, outside: known, gateway_threads: 2, sidecar_threads: 3}\n",
        "mesh: {gateway_labels: {a: b}, trusted_proxies: 1, root_namespace: root, default_loggers: a}\n",
        "mesh: {access_log: true, logger: {file: /dev/stderr, labels: {}}, loggers: {a: {file: /a}}}\n",
        "mesh: {mtls: permissive, authorizers: {a: auth}, certificate_lifetime: 1h}\n",
        "services:\n  web: {port: 80, command: x, mtls: strict}\n",
        "namespace: istio-system\nmtls:\n  a: {labels: {a: b}, mode: strict}\n",
        "namespace: istio-system\nmtls:\n  b: {mode: strict, ports: {'80': disable}}\n",
        "namespace: shop\nmtls:\n  a: {mode: strict}\n",
        "namespace: shop\ntokens:\n  a: {issuer: 'https://a'}\n",
        "namespace: shop\naccess:\n  b: {}\n  c: {}\n",
    ],
)
def test_sections_are_written_as_they_are_read(text: str) -> None:
    made = converted(read(text, "/folder"), (), "/folder")
    assert not made.lost
    assert [each.data for each in read(made.text)] == [each.data for each in read(text)]
