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
