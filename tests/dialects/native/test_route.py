from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.route import identify
from tulle.model.mesh import Fragment
from tulle.model.routes import Match, RouteKind

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
        (
            "routes: [{name: r, timeout: 1s, rules: [{to: web}]}]",
            'route r: "timeout" cannot stand beside rules; write it in a rule',
        ),
        (
            "routes: [{name: r, host: a, mesh: true, to: web, streams: [{to: web}]}]",
            'route r: "to" cannot stand beside streams; write it in a rule',
        ),
        ("routes: [{name: r, mesh: true, to: web}]", 'route r: "mesh" needs host or hosts: what is called'),
        (
            "routes: [{name: r, host: a, mesh: true, listeners: l, to: web}]",
            'route r: "listeners" are of the gateway; with mesh, calls do not pass it',
        ),
        (
            "routes: [{name: r, host: a, streams: [{to: web}]}]",
            'route r: "streams" are for calls of workloads (mesh: true); at the gateway write streams of a listener',
        ),
        (
            "routes: [{name: r, rules: [{path: /}]}]",
            'route r: unknown field "path" in "rules[0]"; did you mean "match"?',
        ),
        ("routes: [{name: r, rules: [{}]}]", 'route r: "rules[0]" needs one of to, weights, redirect, respond'),
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


def test_rules_are_tried_in_their_order(read: Read) -> None:
    (route,) = read(
        "routes: [{name: r, listeners: http, rules: [{match: [{path: /a}, {methods: GET}], to: a}, {to: b}]}]"
    ).routes
    assert not route.by_specificity and (route.hosts, route.listeners) == (("*",), ("http",))
    first, other = route.rules
    assert len(first.matches) == 2 and other.matches == (Match(),) and first.name != other.name


def test_one_rule_needs_no_list(read: Read) -> None:
    (route,) = read("routes: [{name: r, rules: {match: {path: /a}, to: a}}]").routes
    (listed,) = read("routes: [{name: r, rules: [{match: {path: /a}, to: a}]}]").routes
    assert [each.name for each in route.rules] == [each.name for each in listed.rules]


def test_calls_of_workloads_may_have_rules_for_requests_and_connections(read: Read) -> None:
    fragment = read(
        "routes: [{name: r, hosts: [a.example.org, b.example.org, a.example.org], mesh: true, "
        "rules: [{to: web}], streams: [{to: db}]}]"
    )
    requests, connections = fragment.routes
    for each in (requests, connections):
        assert each.mesh_hosts == ("a.example.org", "b.example.org") and each.hosts == ()
    assert (requests.kind, len(requests.rules), requests.streams) == (RouteKind.HTTP, 1, ())
    assert (connections.kind, connections.rules, len(connections.streams)) == (RouteKind.TCP, (), 1)
    assert connections.name != requests.name
