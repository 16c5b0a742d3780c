from __future__ import annotations

from tulle.flow.build import Builder
from tulle.flow.routing import Routing
from tulle.kit.located_yaml import parse
from tulle.model.documents import Document, Key, Origin
from tulle.model.names import Name


def document(text: str, file: str = "a.yaml") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file), Key("file", Name("", f"{file}#1")), data, "/folder")


def test_without_routes_there_is_nothing() -> None:
    routing = Routing()
    assert routing.gateway == () and routing.services == {}


def test_routes_stand_in_the_order_of_their_documents() -> None:
    builder = Builder()
    one, two = document("routes: [{name: a, respond: 200}]"), document("routes: [{host: b, respond: 200}]", "b.yaml")
    assert [route.name.name for route in builder.build((one, two)).gateway_routes] == ["a", "b/"]
    assert [route.name.name for route in builder.build((two, one)).gateway_routes] == ["b/", "a"]


def test_rules_of_a_service_come_and_go_with_it() -> None:
    builder = Builder()
    web = Name("default", "web")
    text = "services: {web: {port: 1, versions: {v1: {command: x}}, routes: [{versions: v1}]}}"
    mesh = builder.build((document(text),))
    assert [len(rules) for rules in mesh.service_routes.values()] == [1]
    edited = builder.build((document(text.replace("command: x", "command: y")),))
    assert edited.service_routes[web][0].rules[0].name == mesh.service_routes[web][0].rules[0].name
    assert not builder.build((document(text.replace(", routes: [{versions: v1}]", "")),)).service_routes
