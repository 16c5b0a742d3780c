from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.advised import Desk
from tests.flow.gateway_world import GatewayWorld, service
from tulle.flow.attachment import attach, common_hosts
from tulle.flow.surroundings import Surroundings, namespace_key
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener, ListenerHost, ListenerProtocol, TlsHandling
from tulle.model.names import Name
from tulle.model.objects import Gateway, ListenerSet
from tulle.model.routes import AttachKind, Parent, RouteKind, RouteSet, StreamMatch, StreamRule

WEB = service(Name("shop", "web"))
FAR = service(Name("far", "api"))
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: shop}
spec:
  gatewayClassName: any
  listeners:
  - {name: every, port: 80, protocol: HTTP}
  - {name: wild, port: 80, protocol: HTTP, hostname: "*.a.b"}
  - {name: open, port: 8000, protocol: HTTP, hostname: x.a.b, allowedRoutes: {namespaces: {from: All}}}
  - {name: dns, port: 53, protocol: UDP}
  - {name: db, port: 5432, protocol: TCP}
---
"""


def route(kind: str, spec: str, namespace: str = "shop") -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: r, namespace: {namespace}}}
spec: {{{spec}}}
"""


def world(text: str, gateway: str = GATEWAY) -> GatewayWorld:
    return GatewayWorld(gateway + text, services=(WEB, FAR))


def places(made: GatewayWorld) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    (attached,) = made.attached.values()
    return [(each.hosts, each.listeners) for each in attached.routes]


def accepted(made: GatewayWorld) -> str:
    ((kind, name),) = [key for key in made.statuses if key[0].endswith("Route")]
    return made.conditions(kind, name)["Accepted"]


def test_a_route_is_attached_to_all_listeners_that_take_it() -> None:
    made = world(route("HTTPRoute", "parentRefs: [{name: gw}]"))
    assert places(made) == [
        (("*",), ("shop/gw/every",)),
        (("*.a.b",), ("shop/gw/wild",)),
        (("x.a.b",), ("shop/gw/open",)),
    ]
    (attached,) = made.attached.values()
    assert set(attached.sections) == {(Name("shop", "gw"), each) for each in ("every", "wild", "open")}
    assert set(attached.names) == {Name("shop", "gw"), namespace_key("shop")}
    assert all(not each.parents and each.kind is RouteKind.HTTP for each in attached.routes)
    assert accepted(made) == "True Accepted" and not made.findings


def test_listeners_with_the_same_hosts_share_a_route() -> None:
    other = GATEWAY.replace("port: 80, protocol: HTTP}", "port: 80, protocol: HTTP, hostname: x.a.b}")
    made = world(route("HTTPRoute", "parentRefs: [{name: gw}], hostnames: [x.a.b]"), other)
    assert places(made) == [(("x.a.b",), ("shop/gw/every", "shop/gw/open"))]


def test_unchanged_routes_stay_the_same_objects() -> None:
    made = world(route("HTTPRoute", "parentRefs: [{name: gw}]"))
    ((given, before),) = made.attached.items()
    after = attach(given, replace(made.around))
    assert all(one is other for one, other in zip(before.routes, after.routes, strict=True))
    assert before.parents == after.parents


def test_hosts_belong_to_the_most_specific_listener() -> None:
    made = world(route("HTTPRoute", "parentRefs: [{name: gw, sectionName: every}], hostnames: [y.a.b, c.d]"))
    assert places(made) == [(("c.d",), ("shop/gw/every",))]
    made = world(route("HTTPRoute", "parentRefs: [{name: gw, sectionName: every}], hostnames: [y.a.b]"))
    assert places(made) == [] and accepted(made) == "True Accepted"


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        (
            route("HTTPRoute", "parentRefs: [{name: gww}]"),
            "NoMatchingParent",
            'gateway "gww" does not exist, so nothing is attached to it; did you mean "gw"?',
        ),
        (
            route("HTTPRoute", "parentRefs: [{kind: ListenerSet, name: gw}]"),
            "NoMatchingParent",
            'listener set "gw" does not exist, so nothing is attached to it; did you mean "gw"?',
        ),
        (
            route("HTTPRoute", "parentRefs: [{name: gw, sectionName: wid}]"),
            "NoMatchingParent",
            'gateway "gw" has no listener "wid"; did you mean "wild"?',
        ),
        (
            route("HTTPRoute", "parentRefs: [{name: gw, port: 8080}]"),
            "NoMatchingParent",
            'gateway "gw" has no listener on port 8080',
        ),
        (
            route("TLSRoute", "parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, port: 80}]}]"),
            "NotAllowedByListeners",
            'no listener of gateway "gw" that it names takes TLSRoutes of namespace shop',
        ),
        (
            route("HTTPRoute", "parentRefs: [{name: gw, namespace: shop, sectionName: every}]", "far"),
            "NotAllowedByListeners",
            'no listener of gateway "gw.shop" that it names takes HTTPRoutes of namespace far',
        ),
        (
            route("HTTPRoute", "parentRefs: [{name: gw, sectionName: db}]"),
            "NotAllowedByListeners",
            'no listener of gateway "gw" that it names takes HTTPRoutes of namespace shop',
        ),
        (
            route("HTTPRoute", "parentRefs: [{name: gw, sectionName: wild}], hostnames: [a.b, c.d]"),
            "NoMatchingListenerHostname",
            'no listener of gateway "gw" that takes it serves a.b or c.d; they serve *.a.b',
        ),
    ],
)
def test_why_a_route_is_not_attached(text: str, reason: str, message: str) -> None:
    made = world(text)
    assert accepted(made) == f"False {reason}" and places(made) == []
    kind = text.split()[3]
    assert [each.partition(" ")[2] for each in made.findings] == [f"warning: {kind} r: {message}"]


ISTIO = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw, namespace: edge}
spec: {servers: [{hosts: ["*"], port: {name: a, number: 80, protocol: HTTP}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec: {hosts: [a.b], gateways: [edge/gw], exportTo: [EXPORT], http: [{directResponse: {status: 200}}]}
"""
ROOT = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "rootNamespace: roots"}
"""


@pytest.mark.parametrize(
    ("export", "is_used"), [("'*'", True), ("edge", True), ("istio-system", True), (".", False), ("shop", False)]
)
def test_a_gateway_uses_what_is_exported_to_its_namespace(export: str, is_used: bool) -> None:
    desk = Desk()
    desk.put("a.yaml", ISTIO.replace("EXPORT", export))
    assert bool(desk.mesh.gateway_routes) is is_used
    message = 'gateway "gw.edge" does not use it: it is not exported to namespace edge'
    expected = [] if is_used else [f"a.yaml:10: warning: VirtualService shop: {message}"]
    assert [str(each) for each in desk.mesh.findings] == expected


def test_where_the_gateway_stands_may_change() -> None:
    desk = Desk()
    desk.put("a.yaml", ISTIO.replace("EXPORT", "roots"))
    assert not desk.mesh.gateway_routes
    desk.put("b.yaml", ROOT)
    assert desk.mesh.gateway_routes
    desk.put("b.yaml", "")
    assert not desk.mesh.gateway_routes


def test_a_gateway_without_listeners() -> None:
    gw = Name("shop", "gw")
    parent = Parent(kind=AttachKind.GATEWAY, name=gw, origin=BUILT_IN)
    around = Surroundings(gateways={gw: Gateway(name=gw, origin=BUILT_IN, class_name="any")})
    found = attach(RouteSet(name=Name("shop", "r"), origin=BUILT_IN, parents=(parent,)), around)
    assert [each.message.strip() for each in found.findings] == [': gateway "gw" has no listener at all']
    a = ListenerSet(name=gw, origin=BUILT_IN, parent=gw)
    found = attach(
        RouteSet(name=Name("shop", "r"), origin=BUILT_IN, parents=(replace(parent, name=a.key),)),
        Surroundings(sets={a.key: a}),
    )
    assert "has no listener at all" in found.findings[0].message


def test_ports_are_those_of_the_document() -> None:
    assert places(world(route("HTTPRoute", "parentRefs: [{name: gw, port: 80}]"))) == [
        (("*",), ("shop/gw/every",)),
        (("*.a.b",), ("shop/gw/wild",)),
    ]


def test_connections_and_datagrams() -> None:
    rules = "rules: [{backendRefs: [{name: web, port: 80}]}]"
    assert places(world(route("TCPRoute", f"parentRefs: [{{name: gw}}], {rules}"))) == [(("*",), ("shop/gw/db",))]
    made = world(route("UDPRoute", f"parentRefs: [{{name: gw}}], {rules}"))
    assert places(made) == [(("*",), ("shop/gw/dns",))]
    assert made.conditions("UDPRoute", Name("shop", "r"))["ResolvedRefs"] == "False UnsupportedProtocol"


def test_server_names_are_those_of_listener_and_route() -> None:
    gateway = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: shop}
spec:
  gatewayClassName: any
  listeners: [{name: tls, port: 443, protocol: TLS, hostname: "*.a.b", tls: {mode: Passthrough}}]
---
"""
    rules = "rules: [{backendRefs: [{name: web, port: 80}]}]"
    for hosts, expected in (("", ("*.a.b",)), ("hostnames: [x.a.b, y.c],", ("x.a.b",))):
        made = world(route("TLSRoute", f"parentRefs: [{{name: gw}}], {hosts} {rules}"), gateway)
        (attached,) = made.attached.values()
        (placed,) = attached.routes
        assert placed.hosts == expected
        assert placed.streams[0].matches == (StreamMatch(server_names=expected),)


def test_server_names_that_were_written_stay() -> None:
    gw = Name("shop", "gw")
    listener = Listener(
        name=Name("shop", "gw/tls"),
        origin=BUILT_IN,
        port=8443,
        protocol=ListenerProtocol.TLS,
        tls=TlsHandling.PASSTHROUGH,
        gateway=gw,
        section="tls",
    )
    matches = (StreamMatch(server_names=("a.b",)), StreamMatch())
    given = RouteSet(
        name=Name("shop", "vs"),
        origin=BUILT_IN,
        hosts=("*",),
        kind=RouteKind.TLS,
        streams=(StreamRule(name="s", origin=BUILT_IN, matches=matches, backends=()),),
        parents=(Parent(kind=AttachKind.GATEWAY, name=gw, origin=BUILT_IN),),
    )
    (placed,) = attach(given, Surroundings(listeners={gw: (listener,)})).routes
    assert placed.streams[0].matches == matches


def test_listeners_may_leave_a_host_to_some_namespaces() -> None:
    hosts = (ListenerHost(host="a.b", namespaces=("far",)), ListenerHost(host="*.c", namespaces=("shop",)))
    listener = Listener(name=Name("istio", "gw"), origin=BUILT_IN, port=80, hosts=hosts)
    given = RouteSet(name=Name("shop", "vs"), origin=BUILT_IN, hosts=("a.b", "x.c", "x.c"))
    assert common_hosts(listener, given) == ("x.c",)


@pytest.mark.parametrize(
    ("parent", "namespace", "expected"),
    [
        ("{name: web, group: '', kind: Service}", "shop", (None, ("*",))),
        ("{name: web, group: '', kind: Service, port: 80}", "shop", (80, ("*",))),
        ("{name: web, group: '', kind: Service, sectionName: http}", "shop", (80, ("*",))),
        ("{name: web, group: '', kind: Service, namespace: shop}", "far", (None, ("far",))),
    ],
)
def test_rules_of_a_service(parent: str, namespace: str, expected: tuple[int | None, tuple[str, ...]]) -> None:
    made = world(route("HTTPRoute", f"parentRefs: [{parent}], hostnames: [a.b]", namespace))
    (attached,) = made.attached.values()
    (placed,) = attached.routes
    assert (placed.service, placed.hosts, placed.listeners) == (Name("shop", "web"), (), ())
    assert (placed.service_port, placed.exports) == expected
    assert accepted(made) == "True Accepted" and not attached.sections
    assert set(attached.names) == {Name("shop", "web"), namespace_key(namespace)}


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        ("name: wbe", 'service "wbe" does not exist, so nothing is attached to it; did you mean "web"?'),
        ("name: web, port: 81", 'service "web" has no port 81; it has http (80)'),
        ("name: web, sectionName: grpc", 'service "web" has no port "grpc"; it has http (80)'),
    ],
)
def test_services_that_do_not_exist(parent: str, message: str) -> None:
    made = world(route("HTTPRoute", f"parentRefs: [{{{parent}, group: '', kind: Service}}]"), "")
    assert accepted(made) == "False NoMatchingParent" and places(made) == []
    assert made.findings == [f"5 warning: HTTPRoute r: {message}"]


def test_a_service_without_ports() -> None:
    parent = "parentRefs: [{name: web, group: '', kind: Service, port: 80}]"
    made = GatewayWorld(route("HTTPRoute", parent), services=(replace(WEB, ports=()),))
    assert made.findings == ['5 warning: HTTPRoute r: service "web" has no port 80; it has none at all']


def test_rules_that_meet_a_filter_that_nobody_knows() -> None:
    bad = "{name: bad, filters: [{type: ExtensionRef, extensionRef: {group: x.io, kind: Odd, name: odd}}]}"
    name, message = Name("shop", "r"), "the filter odd (Odd of x.io) is unknown here"
    made = world(route("HTTPRoute", f"parentRefs: [{{name: gw}}], rules: [{bad}]"))
    assert made.conditions("HTTPRoute", name) == {
        "Accepted": "False UnsupportedValue",
        "ResolvedRefs": "True ResolvedRefs",
    }
    assert len(places(made)) == 3, "requests are refused, not sent elsewhere"
    made = world(route("HTTPRoute", f"parentRefs: [{{name: gw}}], rules: [{bad}, {{}}]"))
    assert made.conditions("HTTPRoute", name) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "True ResolvedRefs",
        "PartiallyInvalid": "True UnsupportedValue",
    }
    (status,) = made.statuses["HTTPRoute", name].parents
    assert status.conditions[2].message == f"Dropped Rule r/bad: {message}"
    assert made.findings == [f"18 error: HTTPRoute r: {message}"]


def test_rules_whose_requests_nobody_can_check() -> None:
    check = "{type: ExternalAuth, externalAuth: {protocol: HTTP, http: {}, backendRef: {name: zzz, port: 80}}}"
    name, bad = Name("shop", "r"), f"{{filters: [{check}], backendRefs: [{{name: web, port: 80}}]}}"
    made = world(route("HTTPRoute", f"parentRefs: [{{name: gw}}], rules: [{bad}]"))
    unresolved = {"Accepted": "True Accepted", "ResolvedRefs": "False BackendNotFound"}
    assert made.conditions("HTTPRoute", name) == unresolved
    made = world(route("HTTPRoute", f"parentRefs: [{{name: gw}}], rules: [{bad}, {{}}]"))
    assert made.conditions("HTTPRoute", name) == unresolved | {"PartiallyInvalid": "True UnsupportedValue"}


def test_references_that_cannot_be_resolved() -> None:
    rules = "rules: [{backendRefs: [{name: zzz, port: 80}, {name: api, namespace: far, port: 80}]}]"
    made = world(route("HTTPRoute", f"parentRefs: [{{name: gw, sectionName: every}}], {rules}"))
    assert made.conditions("HTTPRoute", Name("shop", "r")) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "False BackendNotFound",
    }
    assert len(made.findings) == 2


def test_unusable_listeners_get_no_routes() -> None:
    gateway = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: shop}
spec:
  gatewayClassName: any
  listeners: [{name: tls, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: zzz}]}}]
---
"""
    made = world(route("HTTPRoute", "parentRefs: [{name: gw}]"), gateway)
    (attached,) = made.attached.values()
    assert not attached.routes and set(attached.sections) == {(Name("shop", "gw"), "tls")}
    assert accepted(made) == "True Accepted"
