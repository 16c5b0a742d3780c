from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.extensions import Scope
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import ConnectionPool

Read = Callable[[str], Fragment]


def scope(read: Read, spec: str) -> Scope:
    fragment = read(document("Sidecar", spec))
    assert findings(fragment) == []
    (found,) = fragment.objects
    assert isinstance(found, Scope)
    return found


def test_what_may_be_called(read: Read) -> None:
    spec = """
    egress:
    - hosts: [./*, istio-system/*, "*/A.example.org"]
    - hosts: ["~/*", ./*]
      captureMode: NONE
    outboundTrafficPolicy: {}
    """
    found = scope(read, spec)
    assert found.name == Name("shop", "it")
    assert found.hosts == ((".", "*"), ("istio-system", "*"), ("*", "a.example.org"), ("~", "*"))
    assert found.is_registry_only is True
    assert (found.selector, found.ingress, found.inbound_pool) == ((), (), None)


def test_nothing_is_limited_by_an_empty_one(read: Read) -> None:
    found = scope(read, "{}")
    assert (found.hosts, found.is_registry_only) == (None, None)
    assert scope(read, "outboundTrafficPolicy: {mode: ALLOW_ANY}").is_registry_only is False


def test_where_workloads_are_called(read: Read) -> None:
    spec = """
    workloadSelector: {labels: {app: a}}
    ingress:
    - port: {number: 80, protocol: HTTP, name: http}
      defaultEndpoint: 127.0.0.1:8080
    - {port: {number: 81, protocol: TCP}, defaultEndpoint: "0.0.0.0:8081"}
    - {port: {number: 82, protocol: TCP}, defaultEndpoint: "[::]:8082"}
    - {port: {number: 83, protocol: TCP}, defaultEndpoint: "unix:///a"}
    - {port: {number: 84, protocol: TCP}}
    inboundConnectionPool: {http: {maxConcurrentStreams: 5}}
    """
    found = scope(read, spec)
    assert found.selector == (("app", "a"),)
    assert [(each.port, each.protocol, each.application) for each in found.ingress] == [
        (80, "HTTP", "127.0.0.1:8080"),
        (81, "TCP", "127.0.0.1:8081"),
        (82, "TCP", "[::1]:8082"),
        (83, "TCP", "/a"),
        (84, "TCP", ""),
    ]
    assert found.ingress[0].origin.line == 7
    assert found.inbound_pool == ConnectionPool(max_concurrent_streams=5, tcp_idle_timeout=3600.0)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            "egress: [{hosts: [a]}]",
            'error: "spec.egress[0].hosts[0]" must be namespace/host such as ./*, */shop.example.org, '
            'istio-system/*, not "a"',
        ),
        (
            "egress: [{hosts: [A/a.b]}]",
            'error: "spec.egress[0].hosts[0]" must be namespace/host such as ./*, */shop.example.org, '
            'istio-system/*, not "A/a.b"',
        ),
        (
            "egress: [{hosts: [1]}]",
            'error: "spec.egress[0].hosts[0]" must be namespace/host such as ./*, */shop.example.org, '
            "istio-system/*, not 1",
        ),
        (
            "egress: [{hosts: [./reviews]}]",
            'warning: "spec.egress[0].hosts[0]" is "./reviews", which fits nothing; write the full host name: '
            "reviews.namespace.svc.cluster.local",
        ),
        (
            "egress: [{hosts: [./*], port: {number: 80}}]",
            'warning: "spec.egress[0].port" has no effect: without capture, the hosts may be called on all of their '
            "ports",
        ),
        (
            "egress: [{hosts: [./*], captureMode: IPTABLES}]",
            'warning: "spec.egress[0].captureMode" has no effect: nothing is captured; applications call through '
            "HTTP_PROXY or local ports",
        ),
        (
            "ingress: [{port: {number: 80, protocol: HTTP}}]",
            'warning: "spec.ingress" is for every workload of the namespace; write a workloadSelector if not all have '
            "these ports",
        ),
        (
            "{workloadSelector: {}, ingress: [{port: {number: 80}}, {port: {number: 80}}]}",
            'error: "spec.ingress[1].port" is 80, which is written before',
        ),
        (
            "{workloadSelector: {}, ingress: [{port: {number: 80}, defaultEndpoint: '127.0.0.1:99999'}]}",
            'error: "spec.ingress[0].defaultEndpoint" must be 127.0.0.1:port, 0.0.0.0:port or unix:///path, '
            'not "127.0.0.1:99999"',
        ),
        (
            "{workloadSelector: {}, ingress: [{port: {number: 80}, defaultEndpoint: 1}]}",
            'error: "spec.ingress[0].defaultEndpoint" must be 127.0.0.1:port, 0.0.0.0:port or unix:///path, not 1',
        ),
        (
            "{workloadSelector: {}, ingress: [{port: {number: 80}, tls: {mode: SIMPLE, credentialName: a}}]}",
            'warning: "spec.ingress[0].tls" has no effect: sidecars speak mutual TLS of the mesh, '
            "as PeerAuthentication says",
        ),
    ],
)
def test_mistakes(read: Read, spec: str, expected: str) -> None:
    assert findings(read(document("Sidecar", spec))) == [f"5 {expected}"]


def test_a_field_that_does_not_exist(read: Read) -> None:
    assert findings(read(document("Sidecar", "egres: []"))) == [
        '5 error: unknown field "egres" in "spec"; did you mean "egress"?'
    ]
