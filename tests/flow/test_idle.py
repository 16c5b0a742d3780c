from __future__ import annotations

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.flow.build import Builder
from tulle.flow.idle import unattached, unusable
from tulle.model.mesh import Fragment, Mesh
from tulle.model.routes import PathKind, PathMatch

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
"""
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: %s
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: gone}], rules: %s}
"""
DELEGATING = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: loose, namespace: shop}
spec:
  hosts: [loose.example.org]
  gateways: [missing]
  http:
    - {match: [{uri: {prefix: /a}}], delegate: {name: other}}
    - {match: [{uri: {prefix: /b}}], route: [{destination: {host: web}}]}
    - {directResponse: {status: 404}}
"""


def read(*texts: str) -> tuple[Mesh, list[Fragment]]:
    given = documents(*texts)
    return Builder().build(given), [registry.read(part) for each in given for part in registry.split(each)[0]]


def test_routes_that_nothing_takes_are_kept_apart() -> None:
    rules = "[{matches: [{path: {value: /a}}], backendRefs: [{name: web, port: 80}]}, {filters: []}]"
    mesh, fragments = read(SERVICE, ROUTE % ("HTTPRoute", rules))
    found = unattached(mesh, [each for fragment in fragments for each in fragment.routes])
    assert [(each.namespace, each.hosts, each.is_free, len(each.rules)) for each in found] == [
        ("shop", ("*",), True, 1),
        ("shop", ("*",), True, 1),
    ]


def test_what_is_delegated_to_others_is_not_in_them() -> None:
    mesh, fragments = read(SERVICE, DELEGATING)
    found = unattached(mesh, [each for fragment in fragments for each in fragment.routes])
    assert [(each.hosts, [rule.matches[0].path for rule in each.rules]) for each in found] == [
        (("loose.example.org",), [PathMatch(PathKind.TEXT_PREFIX, "/b")]),
        (("loose.example.org",), [None]),
    ]


def test_rules_for_connections_may_be_waiting_too() -> None:
    mesh, fragments = read(SERVICE, ROUTE % ("TCPRoute", "[{backendRefs: [{name: web, port: 80}]}]"))
    (found,) = unattached(mesh, [each for fragment in fragments for each in fragment.routes])
    assert [backend.service.name for each in found.streams for backend in each.backends] == ["web"]


def test_what_is_taken_waits_for_nothing() -> None:
    mesh, fragments = read("services: {web: {port: 80, command: web}}\nroutes: [{to: web}]")
    assert unattached(mesh, [each for fragment in fragments for each in fragment.routes]) == ()


def test_listeners_that_do_not_listen() -> None:
    mesh, fragments = read("gateway: {listeners: {a: 1024, b: {port: 1024, public_port: 80}}}\n")
    listeners = [each for fragment in fragments for each in fragment.listeners]
    assert [(each.listener.name.name, each.listener.declared_port) for each in unusable(mesh, listeners)] == [("b", 0)]
