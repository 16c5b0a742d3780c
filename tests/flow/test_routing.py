from __future__ import annotations

from tulle.flow.build import Builder
from tulle.flow.checks import Context
from tulle.flow.merge import Merge
from tulle.flow.parts import Change, Parts
from tulle.flow.references import Directory
from tulle.flow.routing import Routing
from tulle.kit.located_yaml import parse
from tulle.model.documents import BUILT_IN, Document, Key, Origin
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import RouteSet
from tulle.model.services import Service


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


def test_several_sets_of_rules_for_a_service_stand_in_the_order_of_their_documents() -> None:
    web = Name("default", "web")
    service = Service(name=web, origin=BUILT_IN, ports=(), account="web")
    context = Context(frozenset(), Directory({web: service}, {}, {}), is_renamed=False)
    one, two = document("{}"), document("{}", "b.yaml")
    sets = [RouteSet(name=Name("default", name), origin=BUILT_IN, service=web) for name in ("one", "two")]
    parts = Parts(
        {part: Fragment(routes=(rules,)) for part, rules in zip((one, two), sets, strict=True)}, ranks={one: 0, two: 1}
    )
    routing, merge = Routing(), Merge()
    merge.update(Change(frozenset({one, two}), frozenset()), parts.fragments, parts.rank)
    routing.update(merge, parts, context, parts.rank)
    assert routing.services == {web: tuple(sets)}
    parts.ranks = {one: 1, two: 0}
    merge.update(Change(frozenset(), frozenset(), frozenset({one, two})), parts.fragments, parts.rank)
    routing.update(merge, parts, context, parts.rank)
    assert routing.services == {web: tuple(reversed(sets))}


def test_rules_of_a_service_come_and_go_with_it() -> None:
    builder = Builder()
    web = Name("default", "web")
    text = "services: {web: {port: 1, versions: {v1: {command: x}}, routes: [{versions: v1}]}}"
    mesh = builder.build((document(text),))
    assert [len(rules) for rules in mesh.service_routes.values()] == [1]
    edited = builder.build((document(text.replace("command: x", "command: y")),))
    assert edited.service_routes[web][0].rules[0].name == mesh.service_routes[web][0].rules[0].name
    assert not builder.build((document(text.replace(", routes: [{versions: v1}]", "")),)).service_routes


def test_rules_for_hosts_come_and_go_in_the_order_of_their_documents() -> None:
    context = Context(frozenset(), Directory({}, {}, {}), is_renamed=False)
    one, two = document("{}"), document("{}", "b.yaml")
    sets = [RouteSet(name=Name("default", name), origin=BUILT_IN, mesh_hosts=("a.test",)) for name in ("one", "two")]
    parts = Parts(
        {part: Fragment(routes=(rules,)) for part, rules in zip((one, two), sets, strict=True)}, ranks={one: 0, two: 1}
    )
    routing, merge = Routing(), Merge()
    merge.update(Change(frozenset({one, two}), frozenset()), parts.fragments, parts.rank)
    routing.update(merge, parts, context, parts.rank)
    assert routing.hosts == {"a.test": tuple(sets)}
    assert routing.gateway == ()
    before = routing.hosts["a.test"]
    merge.update(Change(frozenset(), frozenset()), parts.fragments, parts.rank)
    routing.update(merge, parts, context, parts.rank)
    assert routing.hosts["a.test"] is before
    merge.update(Change(frozenset(), frozenset({one, two})), parts.fragments, parts.rank)
    routing.update(merge, parts, context, parts.rank)
    assert routing.hosts == {}
