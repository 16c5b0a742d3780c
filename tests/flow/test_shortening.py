from __future__ import annotations

from dataclasses import replace

from tests.flow.written import built
from tulle.dialects.native.writing.content import Content, Placed
from tulle.flow.absent import SOURCE
from tulle.flow.shortening import shortened, with_short_routes
from tulle.model.documents import Origin
from tulle.model.mesh import Mesh
from tulle.model.routes import Forward, RouteRule, RouteSet

TEXT = """
services:
  one: {port: 80, command: one, routes: [{match: {path: /a}, to: 'one:80'}, {to: one}]}
  two: {ports: {http: 80, other: 81}, command: two}
routes:
- {host: a.test, to: 'one:80'}
- {host: b.test, to: 'two:80'}
- {mesh: true, hosts: [c.test, d.test], rules: {to: 'one:80'}}
"""


def ports(rules: tuple[RouteRule, ...]) -> list[int | None]:
    return [each.port for rule in rules if isinstance(rule.action, Forward) for each in rule.action.backends]


def sets(mesh: Mesh) -> list[RouteSet]:
    found = [mesh.gateway_routes, *mesh.service_routes.values(), *mesh.host_routes.values()]
    return [each for group in found for each in group]


def test_the_only_port_is_not_named() -> None:
    found = sets(with_short_routes(built(TEXT)))
    assert [ports(each.rules) for each in found] == [[None], [80], [None, None], [None], [None]]


def test_rules_in_several_places_stay_one_set_and_others_the_same() -> None:
    mesh = built(TEXT)
    short = with_short_routes(mesh)
    assert short.host_routes["c.test"] == short.host_routes["d.test"]
    assert short.gateway_routes[1] is mesh.gateway_routes[1]


def test_what_only_stands_in_for_others_keeps_the_port_that_was_asked_for() -> None:
    mesh = built(TEXT)
    away = {name: replace(each, origin=Origin(SOURCE)) for name, each in mesh.services.items()}
    assert sets(with_short_routes(replace(mesh, services=away))) == sets(mesh)


def test_the_rest_of_what_is_written_says_it_as_short() -> None:
    mesh = built(TEXT)
    waiting = Placed(namespace="default", hosts=("*",), rules=mesh.gateway_routes[0].rules)
    (found,) = shortened(Content(unattached=(waiting,)), mesh).unattached
    assert ports(found.rules) == [None]
