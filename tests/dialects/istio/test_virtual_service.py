from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]
ROUTE = "route: [{destination: {host: b}}]"


def test_one_set_for_each_host_in_the_mesh(read: Read) -> None:
    spec = f"hosts: [a, a.other.svc.cluster.local, a.other, '*.example.org']\nhttp: [{{{ROUTE}}}]\nexportTo: [.]"
    fragment = read(document("VirtualService", spec, metadata=", creationTimestamp: '2026'"))
    assert findings(fragment) == []
    assert [(str(route.name), route.service, route.mesh_hosts) for route in fragment.routes] == [
        ("it/a.shop.svc.cluster.local.shop", Name("shop", "a"), ()),
        ("it/a.other.svc.cluster.local.shop", Name("other", "a"), ()),
        ("it/a.other.shop", None, ("a.other",)),
        ("it/*.example.org.shop", None, ("*.example.org",)),
    ]
    for route in fragment.routes:
        assert (route.exports, route.created, route.by_specificity, route.hosts) == ((".",), "2026", False, ())
        assert route.rules is fragment.routes[0].rules


def test_one_set_for_gateways(read: Read) -> None:
    fragment = read(document("VirtualService", f"hosts: ['*', a]\ngateways: [g]\nhttp: [{{{ROUTE}}}]"))
    assert findings(fragment) == []
    (route,) = fragment.routes
    assert route.name == Name("shop", "it/g.shop")
    assert route.hosts == ("*", "a.shop.svc.cluster.local")
    assert route.parents[0].origin.line == 6
    assert (route.service, route.mesh_hosts) == (None, ())


def test_kinds_of_rules_have_sets_of_their_own(read: Read) -> None:
    spec = f"hosts: [a]\nhttp: [{{{ROUTE}}}]\ntcp: [{{{ROUTE}}}]"
    fragment = read(document("VirtualService", spec))
    assert [route.name.name for route in fragment.routes] == [
        "it/a.shop.svc.cluster.local",
        "it/a.shop.svc.cluster.local/tcp",
    ]


def test_delegates(read: Read) -> None:
    fragment = read(document("VirtualService", f"http: [{{{ROUTE}}}]"))
    assert findings(fragment) == []
    (route,) = fragment.routes
    assert (route.name, route.is_delegate, route.by_specificity) == (Name("shop", "it"), True, False)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("hosts: [a]", ['4 error: "spec" has no rules; write http, tls or tcp']),
        (
            f"hosts: ['*']\nhttp: [{{{ROUTE}}}]",
            ['5 error: "spec.hosts[0]" is *, which only gateways can have; name the hosts, or gateways without mesh'],
        ),
        (
            f"hosts: [a, a.shop.svc.cluster.local]\nhttp: [{{{ROUTE}}}]",
            ['5 warning: "spec.hosts[1]" names a.shop.svc.cluster.local once more'],
        ),
        (
            f"hosts: []\ngateways: [g]\nhttp: [{{{ROUTE}}}]",
            ['5 error: "spec.hosts" is empty; name the hosts that the gateways get'],
        ),
        (
            f"hosts: []\ntcp: [{{{ROUTE}}}]",
            ['5 error: "spec.hosts" is empty; only http rules can be those of a delegate'],
        ),
        (
            "http:\n- delegate: {name: x}",
            ['6 error: "spec.http[0].delegate" cannot stand in a document without hosts'],
        ),
        (
            f"hosts: [a_*]\nhttp: [{{{ROUTE}}}]",
            [
                '5 error: "spec.hosts[0]" must be a host name such as reviews, shop.example.org or *.example.org, '
                'not "a_*"'
            ],
        ),
        ("host: [a]", ['5 error: unknown field "host" in "spec"; did you mean "hosts"?']),
    ],
)
def test_mistakes(read: Read, spec: str, expected: list[str]) -> None:
    assert findings(read(document("VirtualService", spec))) == expected
