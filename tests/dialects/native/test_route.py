from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.route import identify
from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "routes: [{name: r, host: a, hosts: [b], to: web}]",
            'route r: "hosts" cannot stand beside host; write one of them',
        ),
        (
            "routes: [{name: r, to: web, respond: 200}]",
            'route r: "respond" cannot stand beside to; write one of to, weights, redirect, respond',
        ),
        ("routes: [{name: r}]", "route r needs one of to, weights, redirect, respond"),
        (
            "routes: [{name: r, to: web, hosts: []}]",
            'route r: "hosts" is empty; name at least one',
        ),
        ("routes: [{name: r, to: web, timout: 1s}]", 'route r: unknown field "timout"; did you mean "timeout"?'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"host": "a", "path": "/"}, {"host": "b", "path": "/"}),
        ({"host": "a"}, {"host": "a", "methods": "GET"}),
        ({"hosts": ["a", "b"]}, {"hosts": ["a"]}),
        ({"host": "a", "listeners": ["x"]}, {"host": "a", "listeners": ["y"]}),
    ],
)
def test_routes_are_told_apart_by_what_they_match(one: dict[str, object], other: dict[str, object]) -> None:
    assert identify(one) != identify(other)
    assert identify(one) == identify(dict(reversed(one.items())))


def test_what_is_done_with_requests_does_not_name_a_route() -> None:
    assert identify({"host": "A", "to": "x"}) == identify({"host": "a", "respond": 200}) == "a/"
    assert identify({"name": "mine", "host": "a"}) == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path: /a, rules: {to: web}", '"path" cannot stand beside rules; write it in a rule'),
        ("host: a, mesh: true, to: b, streams: {to: web}", '"to" cannot stand beside streams; write it in a rule'),
        ("mesh: true, to: web", '"mesh" needs host or hosts: what is called'),
        (
            "host: a, mesh: true, listeners: x, to: web",
            '"listeners" are of the gateway; with mesh, calls do not pass it',
        ),
        (
            "streams: {to: web}",
            '"streams" are for calls of workloads (mesh: true); at the gateway write streams of a listener',
        ),
        ("rules: {match: {path: /a}}", '"rules[0]" needs one of to, weights, redirect, respond'),
    ],
)
def test_rules_stand_alone(read: Read, text: str, message: str) -> None:
    found = read(f"routes: [{{name: it, {text}}}]").findings
    assert [each.message for each in found] == [f"route it: {message}"]


def test_rules_keep_their_order_and_have_names_of_their_own(read: Read) -> None:
    (route,) = read("routes: [{host: a, rules: [{match: {path: /a}, to: web}, {match: [{}, {}], to: web}]}]").routes
    assert not route.by_specificity
    assert [len(rule.matches) for rule in route.rules] == [1, 2]
    assert len({rule.name for rule in route.rules}) == 2


def test_hosts_of_the_mesh_are_not_those_of_the_gateway(read: Read) -> None:
    one, two = read("routes: [{host: a, mesh: true, rules: {to: web}, streams: {to: db}}]").routes
    assert (one.mesh_hosts, one.hosts, two.mesh_hosts) == (("a",), (), ("a",))
    assert (len(one.rules), len(two.streams)) == (1, 1)
