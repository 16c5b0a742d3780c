from __future__ import annotations

import pytest

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.dialects.native.writing.content import Content, Offer
from tulle.flow.build import Builder
from tulle.flow.gathering import gathered, typed
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import Name
from tulle.model.policies import Balance
from tulle.model.routes import Respond
from tulle.model.security import PeerAuthentication
from tulle.model.services import Destination

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, name: http}]}
"""
RAN = """
namespace: shop
services: {web: {port: 80, command: web}}
workloads: {cron: {command: cron, labels: {app: cron}}}
"""


def istio(kind: str, spec: str, name: str = "x", group: str = "networking") -> str:
    versions = {"networking": "v1", "security": "v1", "telemetry": "v1", "extensions": "v1alpha1"}
    version = "v1alpha3" if kind == "EnvoyFilter" else versions[group]
    head = f"apiVersion: {group}.istio.io/{version}\nkind: {kind}"
    return f"{head}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"


def read(*texts: str) -> tuple[Mesh, list[Fragment]]:
    given = documents(*texts)
    fragments = [registry.read(part) for each in given for part in registry.split(each)[0]]
    return Builder().build(given), fragments


def gather(*texts: str) -> Content:
    mesh, fragments = read(*texts)
    return gathered(mesh, [each for fragment in fragments for each in fragment.objects])


def offer(content: Content, name: str = "web") -> Offer:
    return next(each for each in content.offers if each.service.name.name == name)


def test_a_service_is_offered_with_what_is_run_for_it_and_the_rest_stands_alone() -> None:
    found = gather(RAN)
    assert [each.name.name for each in offer(found).workloads] == ["web"]
    assert [each.name.name for each in found.workloads] == ["cron"]
    assert offer(found).is_declared
    assert not found.entrances


RANDOM = "trafficPolicy: {loadBalancer: {simple: RANDOM}}"


def test_destinations_of_a_declared_service_are_part_of_it() -> None:
    found = gather(SERVICE, istio("DestinationRule", f"{{host: web, {RANDOM}}}"))
    assert offer(found).service.policy.load_balancing.balance is Balance.RANDOM
    assert [each.file for each in offer(found).origins] == ["2.yaml"]


def test_destinations_of_a_service_that_nobody_declares_are_offered_as_such() -> None:
    ports = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
    found = gather(istio("DestinationRule", f"{{host: web, trafficPolicy: {{{ports}}}}}"))
    assert not offer(found).is_declared
    assert [(number, said.load_balancing.balance) for number, said in offer(found).port_policies] == [
        (80, Balance.RANDOM)
    ]


def test_settings_are_those_of_whatever_language_says_them() -> None:
    operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\n"
    config = "spec: {meshConfig: {accessLogFile: /dev/stdout}}\n"
    assert gather(SERVICE, operator + config).settings.origin.file == "2.yaml"
    assert gather("mesh: {access_log: true}", operator + config).settings.origin.file == "1.yaml"
    assert not gather(SERVICE).settings.origin.file


def test_rules_for_hosts_that_no_service_has_stand_by_themselves() -> None:
    rules = "http: [{match: [{uri: {prefix: /a}}], directResponse: {status: 200}}]"
    texts = (
        SERVICE,
        istio("VirtualService", f"{{hosts: [a.test, b.test], {rules}}}"),
        istio("VirtualService", f"{{hosts: [web], {rules}}}", "y"),
    )
    found = gather(*texts)
    assert [(sorted(each.hosts), each.is_mesh, each.namespace) for each in found.routes] == [
        (["a.test", "b.test"], True, "shop")
    ]
    assert [each.action for each in offer(found).rules] == [Respond(status=200), Respond(status=404)]


def test_rules_for_a_host_of_a_service_are_rules_of_the_service() -> None:
    entry = istio("ServiceEntry", "{hosts: [api.test], ports: [{number: 80, name: http, protocol: HTTP}]}", "api.test")
    found = gather(entry, istio("VirtualService", "{hosts: [api.test], http: [{directResponse: {status: 200}}]}"))
    assert [each.action for each in found.offers[0].rules] == [Respond(status=200)]
    assert found.routes == ()


def test_the_listener_that_nobody_wrote_is_not_said() -> None:
    found = gather("routes: [{respond: 200}]")
    assert (found.entrances, [each.hosts for each in found.routes]) == ((), [("*",)])


ROUTES = """
gateway: {listeners: {http: {port: 8080}, db: {port: 9000, protocol: tcp, to: 'db:80'}}}
services: {db: {port: 80, protocol: tcp, addresses: ['10.0.0.1']}}
routes:
- {host: a.test, path: /cart, respond: 200}
- {host: a.test, respond: 404}
- host: b.test
  rules: [{match: {path: /b}, respond: 200}, {match: {methods: GET}, respond: 201}, {match: {path: /b/c}, respond: 202}]
"""


def test_routes_of_the_gateway_are_single_ones_where_their_order_says_nothing() -> None:
    found = gather(ROUTES)
    assert [(each.hosts, each.is_free, len(each.rules)) for each in found.routes] == [
        (("a.test",), True, 1),
        (("a.test",), True, 1),
        (("b.test",), False, 3),
    ]
    assert [[each.service.name for each in it.listener.backends] for it in found.entrances] == [[], ["db"]]


def test_policies_of_mutual_tls_stand_with_the_oldest_first() -> None:
    head = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
    texts = [
        f"{head}metadata: {{name: {name}, namespace: shop, creationTimestamp: '{year}-01-01T00:00:00Z'}}\n"
        "spec: {mtls: {mode: STRICT}}\n"
        for name, year in (("a", 2025), ("b", 2024), ("b", 2020))
    ]
    assert [each.name.name for each in gather(*texts).peers] == ["b", "a"]


def test_of_a_name_the_first_counts() -> None:
    peers = [PeerAuthentication(name=Name("a", "b"), origin=each.origin) for each in documents("{}", "{}")]
    assert typed(peers, PeerAuthentication) == (peers[0],)
    assert typed(peers, Destination) == ()


NOBODY = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: nobody}
spec:
  hosts: [www.example.org]
  exportTo: ["."]
  http: [{match: [{sourceNamespace: other}], directResponse: {status: 200}}]
"""


def test_a_host_of_which_rules_are_for_nobody_stays_known() -> None:
    (found,) = gather(NOBODY).routes
    assert (found.hosts, found.is_mesh, [each.action for each in found.rules]) == (
        ("www.example.org",),
        True,
        [Respond(status=404)],
    )


BYTES = """
gateway: {listeners: {raw: {port: 9000, protocol: tcp, streams: {to: web}}}}
services: {web: {port: 80, command: web}}
"""


def test_bytes_to_where_requests_are_spoken_stay_a_rule() -> None:
    (found,) = gather(BYTES).entrances
    assert (found.listener.backends, len(found.streams)) == ((), 1)


MOVED = "{servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}"


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        ("{to: [{operation: {ports: ['80']}}]}", 80),
        ("{when: [{key: destination.port, values: ['80']}]}", 80),
        ("{to: [{operation: {methods: [GET]}}]}", 0),
    ],
)
def test_ports_by_which_clients_know_the_gateway_stand_where_something_speaks_of_them(rule: str, wanted: int) -> None:
    policy = f"{{selector: {{matchLabels: {{istio: ingressgateway}}}}, rules: [{rule}]}}"
    text = istio("AuthorizationPolicy", policy, group="security").replace("namespace: shop", "namespace: istio-system")
    (found,) = gather(istio("Gateway", MOVED), text).entrances
    assert found.listener.declared_port == wanted


def test_redirects_speak_of_ports_too() -> None:
    redirect = "{hosts: ['*'], gateways: [x], http: [{redirect: {scheme: https}}]}"
    (found,) = gather(istio("Gateway", MOVED), istio("VirtualService", redirect)).entrances
    assert found.listener.declared_port == 80
    safe = MOVED.replace("hosts", "tls: {httpsRedirect: true}, hosts")
    (found,) = gather(istio("Gateway", safe)).entrances
    assert found.listener.declared_port == 80


EDGE = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: tulle, listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 81, protocol: HTTP}]}
"""


def test_policies_for_a_gateway_are_for_its_listeners() -> None:
    to = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: %s}]"
    texts = (EDGE, istio("AuthorizationPolicy", f"{{{to % 'edge'}, rules: [{{}}]}}", group="security"))
    (found,) = gather(*texts).access
    assert [(each.kind, each.name.name) for each in found.targets] == [
        ("Listener", "shop/edge/a"),
        ("Listener", "shop/edge/b"),
    ]
    gone = istio("AuthorizationPolicy", f"{{{to % 'gone'}, rules: [{{}}]}}", group="security")
    assert gather(EDGE, gone).access == ()
    both = istio("AuthorizationPolicy", "{targetRefs: [{group: '', kind: Service, name: web}]}", group="security")
    (found,) = gather(SERVICE, both).access
    assert [each.kind for each in found.targets] == ["Service"]
    (found,) = gather("access: {a: {listeners: http}}").access
    assert [(each.kind, each.name.name) for each in found.targets] == [("Listener", "http")]


def test_what_can_only_mean_the_port_that_there_is_names_none() -> None:
    route = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: web, port: 80}]
  rules: [{matches: [{path: {value: /a}}], backendRefs: [{name: web, port: 80}]}]
"""
    rule = "http: [{match: [{port: 81}, {port: 80}], directResponse: {status: 200}}]"
    found = gather(SERVICE, route, istio("VirtualService", f"{{hosts: [web], {rule}}}"))
    assert [match.ports for each in offer(found).rules for match in each.matches] == [(), (81,), ()]
