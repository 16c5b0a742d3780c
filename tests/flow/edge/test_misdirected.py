from __future__ import annotations

from tests.flow.edge.building import http, mesh, routes
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.routes import Respond


def test_routers_are_not_for_connections_whose_tls_was_ended_in_another_way() -> None:
    routers = """a: {rule: Host(`a.test`), service: s, tls: {options: new}}
    b: {rule: Path(`/b`), service: s, tls: {options: new}}
    c: {rule: Host(`c.test`), service: s}"""
    found = routes(mesh(http(routers, "\ntls: {options: {new: {minVersion: VersionTLS13}}}")))
    for name, way in (("a", "default"), ("b", "new.@file")):
        refusing, _ = found[name].rules
        assert isinstance(refusing.action, Respond) and refusing.action.status == 421
        ((_, ended),) = (each.conditions for each in refusing.matches)
        assert ended == Condition(Subject.ENDING, Comparison.EXACT, way)
    assert len(found["c"].rules) == 1


def test_only_where_tls_is_ended_in_other_ways() -> None:
    text = http(
        "a: {rule: Host(`a.test`), service: s, tls: {options: new}, entryPoints: [web]}\n"
        "    b: {rule: Path(`/b`), service: s, tls: {}}",
        "\ntls: {options: {new: {minVersion: VersionTLS13}}}",
    ).replace("address: ':8080'}", "address: ':8080'}, other: {address: ':81'}")
    found = [each for each in mesh(text).gateway_routes if each.name.name == "b"]
    assert {each.listeners: len(each.rules) for each in found} == {
        ("@static/web|tls",): 2,
        ("@static/other|tls",): 1,
    }
