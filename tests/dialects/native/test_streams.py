from __future__ import annotations

from typing import Any

import pytest

from tulle.model.mesh import Fragment
from tulle.model.routes import RouteKind, Source, StreamMatch


def test_rules_for_connections_are_tried_in_order(read: Any) -> None:
    first_rule = "{match: {server_names: a.b, networks: 10.0.0.1, from: {namespace: shop}}, to: db}"
    streams = f"[{first_rule}, {{weights: {{db: 1, c: 2}}}}]"
    fragment: Fragment = read(f"services: {{db: {{port: 1, protocol: tcp, command: x, streams: {streams}}}}}")
    assert fragment.findings == ()
    (route,) = fragment.routes
    assert (route.kind, route.service, route.by_specificity) == (RouteKind.TCP, fragment.services[0].name, False)
    first, second = route.streams
    source = Source(namespace="shop")
    assert first.matches == (StreamMatch(server_names=("a.b",), subnets=("10.0.0.1/32",), source=source),)
    assert [each.weight for each in second.backends] == [1, 2]
    assert (first.name != second.name, second.matches) == (True, (StreamMatch(),))


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ("{}", '"streams[0]" needs exactly one of to, weights'),
        ("{to: a, weights: {b: 1}}", '"streams[0]" needs exactly one of to, weights'),
        (
            "{match: {networks: x}, to: a}",
            '"streams[0].match[0].networks[0]" must be an address or a network such as 10.0.0.0/8, not "x"',
        ),
        ("{to: a, weight: 1}", 'unknown field "weight" in "streams[0]"; did you mean "weights"?'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Any, streams: str, message: str) -> None:
    (finding,) = read(f"services: {{db: {{port: 1, protocol: tcp, command: x, streams: {streams}}}}}").findings
    assert finding.message.removeprefix("service db: ") == message
