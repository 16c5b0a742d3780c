from __future__ import annotations

import pytest

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.dialects.native.writing.content import Content, Offer
from tulle.flow.build import Builder
from tulle.flow.gathering import gathered, unattached
from tulle.model.mesh import Fragment, Mesh
from tulle.model.policies import Balance
from tulle.model.routes import Respond

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
    return gathered(mesh, [each for fragment in fragments for each in fragment.objects]).content


def offer(content: Content, name: str = "web") -> Offer:
    return next(each for each in content.offers if each.service.name.name == name)


def lost(content: Content) -> list[str]:
    return [f"{origin.subject} {message}" for origin, message in content.lost]


def test_a_service_is_offered_with_what_is_run_for_it_and_the_rest_stands_alone() -> None:
    found = gather(RAN)
    assert [each.name.name for each in offer(found).workloads] == ["web"]
    assert [each.name.name for each in found.workloads] == ["cron"]
    assert offer(found).is_declared
    assert not found.entrances


ONLY_ENVOYS = (
    istio("EnvoyFilter", "{configPatches: [{applyTo: CLUSTER, patch: {operation: ADD, value: {name: a}}}]}"),
    istio("WasmPlugin", "{url: 'file:///opt/auth.wasm'}", group="extensions"),
    istio("ProxyConfig", "{concurrency: 1}"),
)
NETWORKS = istio(
    "Gateway",
    "{servers: [{port: {number: 15443, name: n, protocol: TLS}, hosts: ['*.local'], tls: {mode: AUTO_PASSTHROUGH}}]}",
)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (ONLY_ENVOYS[:1], "EnvoyFilter x changes Envoy's own configuration, which native files cannot say; "),
        (ONLY_ENVOYS[1:2], "WasmPlugin x loads a plugin, which native files cannot say; "),
        (ONLY_ENVOYS[2:], "ProxyConfig x sets up single proxies, which native files cannot say; "),
        ((NETWORKS,), "Gateway x sends connections on by the cluster in their server name, "),
    ],
)
def test_what_is_about_envoy_itself_is_lost(texts: tuple[str, ...], wanted: str) -> None:
    (found,) = lost(gather(*texts))
    assert found.startswith(wanted)
    assert found.endswith("keep this document beside the file")


RANDOM = "trafficPolicy: {loadBalancer: {simple: RANDOM}}"


def test_destinations_of_a_declared_service_are_part_of_it() -> None:
    found = gather(SERVICE, istio("DestinationRule", f"{{host: web, {RANDOM}}}"))
    assert offer(found).service.policy.load_balancing.balance is Balance.RANDOM
    assert [each.file for each in offer(found).origins] == ["2.yaml"]
    assert not found.lost


def test_destinations_of_a_service_that_nobody_declares_are_offered_as_such() -> None:
    ports = "portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
    found = gather(istio("DestinationRule", f"{{host: web, trafficPolicy: {{{ports}}}}}"))
    assert not offer(found).is_declared
    assert [(number, said.load_balancing.balance) for number, said in offer(found).port_policies] == [
        (80, Balance.RANDOM)
    ]


def test_what_is_said_for_some_callers_or_about_unknown_hosts_is_lost() -> None:
    texts = (
        SERVICE,
        istio("DestinationRule", f"{{host: web, {RANDOM}, workloadSelector: {{matchLabels: {{app: buyer}}}}}}", "some"),
        istio("DestinationRule", f"{{host: api.example.org, {RANDOM}}}", "far"),
        istio("DestinationRule", f"{{host: '*.shop.svc.cluster.local', {RANDOM}}}", "wide"),
    )
    assert lost(gather(*texts)) == [
        "DestinationRule some is for some callers of web.shop only; native files say it for all of them",
        "DestinationRule far is about api.example.org, which no service of these files has",
    ]


def test_encryption_to_a_service_that_nobody_declares_is_lost() -> None:
    text = """
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: x, namespace: shop}
spec:
  targetRefs: [{group: '', kind: Service, name: web}, {group: '', kind: Service, name: gone}]
  validation: {hostname: web.example, wellKnownCACertificates: System}
"""
    assert lost(gather(text, SERVICE)) == [
        "BackendTLSPolicy x is about service gone, which none of these files declares"
    ]


GATEWAY = "{servers: [{port: {number: %d, name: http, protocol: HTTP}, hosts: ['*']}]}"
POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: guard, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, rules: [{to: [{operation: {%s}}]}]}
"""


@pytest.mark.parametrize(
    ("port", "operation", "is_lost"),
    [(80, "ports: ['80']", True), (80, "methods: [GET]", False), (8080, "ports: ['8080']", False)],
)
def test_policies_that_name_ports_of_the_gateway_that_moved_are_lost(port: int, operation: str, is_lost: bool) -> None:
    found = lost(gather(istio("Gateway", GATEWAY % port), POLICY % operation))
    message = "AuthorizationPolicy guard names ports of the gateway as they were before they were moved up by 8000"
    assert found == ([message] if is_lost else [])


def test_settings_are_those_of_whatever_language_says_them() -> None:
    operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\n"
    config = "spec: {meshConfig: {accessLogFile: /dev/stdout}}\n"
    assert gather(SERVICE, operator + config).settings.origin.file == "2.yaml"
    assert gather("mesh: {access_log: true}", operator + config).settings.origin.file == "1.yaml"
    assert not gather(SERVICE).settings.origin.file


HTTP_ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: gone}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""


def test_routes_that_nothing_takes_are_kept_apart() -> None:
    mesh, fragments = read(SERVICE, HTTP_ROUTE, istio("VirtualService", "{hosts: [web], http: []}"))
    (found,) = unattached(mesh, [each for fragment in fragments for each in fragment.routes])
    assert (found.namespace, found.hosts, len(found.rules)) == ("shop", ("*",), 1)


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
    assert [each.action for each in offer(found).rules] == [Respond(status=200)]


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
