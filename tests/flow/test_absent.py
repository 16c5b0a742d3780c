from __future__ import annotations

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.flow.absent import SOURCE, Absent, absent
from tulle.flow.build import Builder
from tulle.model.names import Name

ROUTES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - route:
    - {destination: {host: web, subset: v2, port: {number: 9080}}, weight: 20}
    - {destination: {host: web, subset: v1}, weight: 80}
  tcp:
  - {match: [{port: 3306}], route: [{destination: {host: stock, port: {number: 3306}}}]}
"""
LISTENERS = """
gateway:
  listeners:
    lines: {port: 7000, protocol: tcp, to: 'echo:7'}
    names: {port: 5353, protocol: udp, to: 'names:53'}
"""
OUTSIDE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: out, namespace: shop}
spec: {hosts: [www.example.org], http: [{route: [{destination: {host: api.example.org}}]}]}
"""
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}"


def missing(*texts: str) -> dict[str, Absent]:
    given = documents(*texts)
    fragments = [registry.read(part) for each in given for part in registry.split(each)[0]]
    found = absent(fragments, Builder().build(given))
    return {str(each.name): each for each in found}


def ports(given: Absent) -> list[tuple[str, int, str]]:
    spec = given.documents[0].data["spec"]
    assert isinstance(spec, dict)
    return [(each["name"], each["port"], each["protocol"]) for each in spec["ports"]]


def test_services_of_routes_have_the_ports_and_the_versions_that_are_asked_for() -> None:
    found = missing(ROUTES)
    assert list(found) == ["stock.shop", "web.shop"]
    web = found["web.shop"]
    assert ports(web) == [("http-80", 80, "TCP"), ("http-9080", 9080, "TCP")]
    assert (web.origin.file, web.origin.line) == ("1.yaml", 9)
    service, rule = web.documents
    assert (service.data["kind"], rule.data["kind"]) == ("Service", "DestinationRule")
    assert rule.data["spec"] == {
        "host": "web.shop.svc.cluster.local",
        "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}],
    }


def test_what_takes_connections_has_ports_for_connections() -> None:
    found = {**missing(ROUTES), **missing(LISTENERS)}
    assert ports(found["stock.shop"]) == [("tcp-3306", 3306, "TCP")]
    assert ports(found["echo.default"]) == [("tcp-7", 7, "TCP")]
    assert ports(found["names.default"]) == [("udp-53", 53, "UDP")]
    assert [each.data["kind"] for each in found["echo.default"].documents] == ["Service"]


def test_with_the_stand_ins_the_mesh_has_all_that_is_referred_to() -> None:
    given = documents(ROUTES)
    stand_ins = tuple(document for each in missing(ROUTES).values() for document in each.documents)
    mesh = Builder().build((*given, *stand_ins))
    assert mesh.services[Name("shop", "web")].origin.source == SOURCE
    fragments = [registry.read(part) for each in given for part in registry.split(each)[0]]
    assert absent(fragments, mesh) == ()


def test_nothing_stands_in_for_what_is_declared_or_is_outside_the_mesh() -> None:
    found = missing(ROUTES, SERVICE)
    assert [name for name, each in found.items() if not each.is_there] == ["stock.shop"]
    assert not missing(OUTSIDE)


def test_versions_that_a_service_does_not_have_are_stood_in_for() -> None:
    web = missing(ROUTES, SERVICE)["web.shop"]
    (rule,) = web.documents
    assert (web.is_there, rule.data["metadata"]) == (True, {"name": "web.absent", "namespace": "shop"})
    labels = [{"name": each, "labels": {"version": each}} for each in ("v1", "v2")]
    assert rule.data["spec"] == {"host": "web.shop.svc.cluster.local", "subsets": labels}


def test_services_that_routes_are_attached_to_are_stood_in_for() -> None:
    route = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{group: '', kind: Service, name: till, port: 81}], rules: [{filters: []}]}
"""
    assert ports(missing(route)["till.shop"]) == [("http-81", 81, "TCP")]
