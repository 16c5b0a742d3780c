from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.routes import RouteKind, Source, StreamMatch

Read = Callable[[str], Fragment]
ROUTE = "route: [{destination: {host: b, port: {number: 443}}}]"


def test_connections_with_tls(read: Read) -> None:
    spec = f"""
    hosts: [a.example.org, "*.b.example.org"]
    tls:
    - match: [{{sniHosts: [a.example.org, x.b.example.org], port: 443, destinationSubnets: [10.0.0.1/8]}}]
      {ROUTE}
    """
    fragment = read(document("VirtualService", spec))
    assert findings(fragment) == []
    assert [(route.kind, route.mesh_hosts) for route in fragment.routes] == [
        (RouteKind.TLS, ("a.example.org",)),
        (RouteKind.TLS, ("*.b.example.org",)),
    ]
    (rule,) = fragment.routes[0].streams
    assert fragment.routes[1].streams == (rule,)
    assert rule.matches == (
        StreamMatch(server_names=("a.example.org", "x.b.example.org"), subnets=("10.0.0.0/8",), ports=(443,)),
    )
    assert [(str(backend.service), backend.port, backend.weight) for backend in rule.backends] == [("b.shop", 443, 100)]


def test_other_connections(read: Read) -> None:
    spec = f"""
    hosts: [a]
    gateways: [mesh, one]
    tcp:
    - match: [{{sourceLabels: {{x: y}}, sourceNamespace: z}}, {{gateways: [one]}}]
      {ROUTE}
    - {ROUTE}
    """
    fragment = read(document("VirtualService", spec))
    assert findings(fragment) == []
    mesh, gateway = fragment.routes
    assert (mesh.kind, str(mesh.service), len(mesh.streams)) == (RouteKind.TCP, "a.shop", 2)
    assert mesh.streams[0].matches == (StreamMatch(source=Source(namespace="z", labels=(("x", "y"),))),)
    assert len(gateway.streams[0].matches) == 2
    assert gateway.streams[1].matches == (StreamMatch(),)


def test_sources_by_labels_only(read: Read) -> None:
    spec = f"hosts: [a]\ntcp:\n- {{match: [{{sourceLabels: {{x: y}}}}, {{sourceNamespace: z}}], {ROUTE}}}"
    (route,) = read(document("VirtualService", spec)).routes
    assert route.streams[0].matches == (
        StreamMatch(source=Source(labels=(("x", "y"),))),
        StreamMatch(source=Source(namespace="z")),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"tls:\n- {{match: [{{sniHosts: [b]}}], {ROUTE}}}",
            'error: "spec.tls[0].match[0].sniHosts[0]" is "b", which none of the hosts of this document covers',
        ),
        (
            f"tls:\n- {{match: [{{sniHosts: []}}], {ROUTE}}}",
            'error: "spec.tls[0].match[0].sniHosts" is empty; name at least one',
        ),
        ("tcp:\n- {route: []}", 'error: "spec.tcp[0].route" is empty; name at least one'),
        (
            f"tcp:\n- {{match: [{{destinationSubnets: [x]}}], {ROUTE}}}",
            'error: "spec.tcp[0].match[0].destinationSubnets[0]" must be an address or a subnet such as 10.1.0.0/16, '
            'not "x"',
        ),
        (
            f"tcp:\n- {{match: [{{sourceSubnet: 10.0.0.0/8}}], {ROUTE}}}",
            'warning: "spec.tcp[0].match[0].sourceSubnet" has no effect: Istio does not do it either',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(document("VirtualService", f"hosts: [a.example.org]\n{text}"))) == [f"7 {expected}"]
