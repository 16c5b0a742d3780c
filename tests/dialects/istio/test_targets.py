from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routes import RouteSet

Read = Callable[[str], Fragment]
ROUTE = "route: [{destination: {host: b}}]"


def attached(route: RouteSet) -> list[str]:
    return [str(parent.name) for parent in route.parents] or [str(route.service or route.mesh_hosts[0])]


def test_names_of_gateways(read: Read) -> None:
    gateways = "[one, other/two, three.other.svc.cluster.local, mesh]"
    fragment = read(document("VirtualService", f"hosts: [a]\ngateways: {gateways}\nhttp: [{{{ROUTE}}}]"))
    assert findings(fragment) == []
    first, second = fragment.routes
    assert [parent.name for parent in first.parents] == [
        Name("shop", "istio/one"),
        Name("other", "istio/two"),
        Name("other", "istio/three"),
    ]
    assert second.service == Name("shop", "a")
    assert first.rules is second.rules
    assert first.name != second.name


def test_conditions_for_some_gateways_only(read: Read) -> None:
    spec = f"""
    hosts: [a]
    gateways: [mesh, one, two]
    http:
    - name: first
      match: [{{uri: {{prefix: /a}}, gateways: [one]}}, {{uri: {{prefix: /b}}}}]
      {ROUTE}
    - name: second
      match: [{{uri: {{prefix: /c}}, gateways: [two, mesh]}}]
      {ROUTE}
    - name: third
      {ROUTE}
    """
    fragment = read(document("VirtualService", spec))
    assert findings(fragment) == []
    found = {tuple(attached(route)): route for route in fragment.routes}
    paths = {
        key: [(rule.name, [match.path.value for match in rule.matches if match.path]) for rule in route.rules]
        for key, route in found.items()
    }
    assert paths == {
        ("istio/one.shop",): [("it/first", ["/a", "/b"]), ("it/third", [])],
        ("istio/two.shop",): [("it/first", ["/b"]), ("it/second", ["/c"]), ("it/third", [])],
        ("a.shop",): [("it/first", ["/b"]), ("it/second", ["/c"]), ("it/third", [])],
    }
    assert found["istio/two.shop",].rules[1] is found["a.shop",].rules[1]


def test_nothing_is_made_for_gateways_without_rules(read: Read) -> None:
    spec = f"hosts: [a]\ngateways: [mesh, one]\nhttp: [{{match: [{{gateways: [one], port: 80}}], {ROUTE}}}]"
    (route,) = read(document("VirtualService", spec)).routes
    assert attached(route) == ["istio/one.shop"]


@pytest.mark.parametrize(
    ("gateways", "expected"),
    [
        (
            "['A/b']",
            'error: "spec.gateways[0]" is "A/b", which names no gateway; write its name, or namespace/name',
        ),
        (
            "[mesh, '']",
            'error: "spec.gateways[1]" is "", which names no gateway; write its name, namespace/name, or mesh',
        ),
        ("[one, shop/one]", 'warning: "spec.gateways[1]" names shop/one once more'),
    ],
)
def test_mistakes(read: Read, gateways: str, expected: str) -> None:
    spec = f"hosts: [a]\ngateways: {gateways}\nhttp: [{{{ROUTE}}}]"
    assert findings(read(document("VirtualService", spec))) == [f"6 {expected}"]


def test_mistakes_in_conditions(read: Read) -> None:
    spec = f"""
    hosts: [a]
    gateways: [one]
    http:
    - match: [{{uri: {{prefix: /a}}, gateways: [two]}}, {{uri: {{prefix: /b}}, gateways: ["?"]}}]
      {ROUTE}
    """
    assert findings(read(document("VirtualService", spec))) == [
        '8 warning: "spec.http[0].match[0].gateways[0]" is "two", which is none of the gateways of this document',
        '8 error: "spec.http[0].match[1].gateways[0]" is "?", which names no gateway; '
        "write its name, namespace/name, or mesh",
    ]
