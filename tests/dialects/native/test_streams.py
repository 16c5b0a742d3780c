from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import RouteKind, Source, StreamMatch

Read = Callable[[str], Fragment]
ROUTE = "routes: [{name: r, mesh: true, host: db.example.org, streams: %s}]"


def test_connections_go_where_the_first_rule_says(read: Read) -> None:
    (found,) = read(
        ROUTE % "[{match: [{server_names: '*.example.org', ports: 5432}, {networks: [10.1.2.3/8, 'fd00::1'], "
        "from: {namespace: shop, labels: {app: web}}}], to: 'db.shop:5432/v2'}, {weights: {a: 1, b: 3}}]"
    ).routes
    first, other = found.streams
    assert (found.kind, found.mesh_hosts, found.rules) == (RouteKind.TCP, ("db.example.org",), ())
    assert first.matches == (
        StreamMatch(server_names=("*.example.org",), ports=(5432,)),
        StreamMatch(subnets=("10.0.0.0/8", "fd00::1/128"), source=Source(namespace="shop", labels=(("app", "web"),))),
    )
    (backend,) = first.backends
    assert (backend.service, backend.port, backend.subset) == (Name("shop", "db"), 5432, "v2")
    assert other.matches == (StreamMatch(),)
    assert [(each.service.name, each.weight) for each in other.backends] == [("a", 1), ("b", 3)]


def test_names_do_not_depend_on_positions(read: Read) -> None:
    one, two = "{match: {ports: 1}, to: a}", "{match: {ports: 2}, to: a}"
    (found,) = read(ROUTE % f"[{one}, {two}]").routes
    (turned,) = read(ROUTE % f"[{two}, {one}]").routes
    (alone,) = read(ROUTE % one).routes
    names = [each.name for each in found.streams]
    assert len(set(names)) == 2
    assert [each.name for each in turned.streams] == names[::-1]
    assert [each.name for each in alone.streams] == names[:1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{to: a, weights: {b: 1}}]", '"streams[0]" needs exactly one of to, weights'),
        ("[{match: {ports: 1}}]", '"streams[0]" needs exactly one of to, weights'),
        (
            "[{match: {networks: here}, to: a}]",
            '"streams[0].match[0].networks[0]" must be an address or a network such as 10.0.0.0/8, not "here"',
        ),
        (
            "[{match: {networks: 7}, to: a}]",
            '"streams[0].match[0].networks[0]" must be an address or a network such as 10.0.0.0/8, not 7',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, ROUTE % text) == [f"route r: {message}"]
