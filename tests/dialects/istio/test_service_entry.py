from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

Read = Callable[[str], Fragment]


def services(read: Read, spec: str) -> tuple[Service, ...]:
    fragment = read(document("ServiceEntry", spec))
    assert findings(fragment) == []
    return fragment.declared


def test_a_service_outside(read: Read) -> None:
    spec = """
    hosts: [www.example.org, www.example.org, api.example.org]
    ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, protocol: https, targetPort: 8443}]
    resolution: DNS
    """
    found, other = services(read, spec)
    assert (found.name, found.hosts) == (Name("shop", "www.example.org"), ("www.example.org",))
    assert other.name == Name("shop", "api.example.org")
    assert found.ports == (
        Port(name="http", number=80),
        Port(name="443", number=443, protocol=Protocol.TLS, target=8443),
    )
    assert found.addresses == (
        Endpoint(address="www.example.org", port=80, port_name="http"),
        Endpoint(address="www.example.org", port=8443, port_name="443"),
    )
    assert (found.resolution, found.is_outside, found.exports, found.runs_here) == (
        Resolution.DNS,
        True,
        ("*",),
        False,
    )


def test_fixed_places(read: Read) -> None:
    spec = """
    hosts: [db.other.svc.cluster.local]
    location: MESH_INTERNAL
    resolution: STATIC
    addresses: [10.1.0.0/16, 10.2.0.1]
    exportTo: [., other]
    subjectAltNames: ["spiffe://x"]
    ports: [{number: 3306, name: mysql}]
    endpoints:
    - address: 10.0.0.1
      ports: {mysql: 13306}
      weight: 5
      locality: r
      network: n
      labels: {version: v1}
      serviceAccount: acc
    - address: unix:///var/run/db
    """
    (found,) = services(read, spec)
    assert found.name == Name("other", "db")
    assert found.ports == (Port(name="mysql", number=3306, protocol=Protocol.TCP),)
    assert found.addresses == (
        Endpoint(
            address="10.0.0.1",
            port=13306,
            port_name="mysql",
            weight=5,
            locality=Locality(region="r"),
            network="n",
            labels=(("version", "v1"),),
            account="acc",
            is_meshed=True,
        ),
        Endpoint(address="/var/run/db", port_name="mysql"),
    )
    assert (found.virtual_addresses, found.identities) == (("10.1.0.0/16", "10.2.0.1"), ("spiffe://x",))
    assert (found.exports, found.is_outside, found.runs_here) == ((".", "other"), False, True)
    assert found.resolution is Resolution.ENDPOINTS


def test_selected_places(read: Read) -> None:
    spec = """
    hosts: [a.example]
    location: MESH_INTERNAL
    resolution: STATIC
    ports: [{number: 80, name: http}]
    workloadSelector: {labels: {app: a}}
    exportTo: ["~"]
    """
    (found,) = services(read, spec)
    assert (found.selector, found.addresses, found.exports) == ((("app", "a"),), (), ())
    assert found.runs_here


@pytest.mark.parametrize(("name", "expected"), [("NONE", Resolution.NONE), ("DYNAMIC_DNS", Resolution.DYNAMIC_DNS)])
def test_wildcards(read: Read, name: str, expected: Resolution) -> None:
    spec = f"hosts: ['*.example.org']\nports: [{{number: 443, protocol: TLS}}]\nresolution: {name}"
    (found,) = services(read, spec)
    assert (found.resolution, found.addresses) == (expected, ())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("hosts: []", '5 error: "spec.hosts" is empty; name at least one'),
        ("hosts: [a.b]", '4 error: "spec.ports" is empty; name at least one'),
        (
            "hosts: [a.b]\nports: [{number: 1, name: a}, {number: 1, name: b}]",
            '6 error: "spec.ports[1].number" is 1, which another port has',
        ),
        (
            "hosts: [a.b]\nports: [{number: 1, name: a}, {number: 2, name: a}]",
            '6 error: "spec.ports[1].name" is "a", which another port has',
        ),
        (
            "hosts: [a.b]\nports: [{number: 1}]\nresolution: STATIC\nendpoints: [{address: 10.0.0.1}]\n"
            "workloadSelector: {labels: {a: b}}",
            '9 error: "spec.workloadSelector" cannot stand beside endpoints; write one of them',
        ),
        (
            "hosts: [a.b]\nports: [{number: 1}]\nendpoints: [{address: 10.0.0.1}]",
            '7 error: "spec.endpoints" cannot be used with resolution NONE; write STATIC or DNS',
        ),
        (
            "hosts: [a.b]\nports: [{number: 1}]\nresolution: STATIC",
            '7 warning: "spec.resolution" is STATIC, but there are neither endpoints nor a workloadSelector',
        ),
        (
            "hosts: [a.b]\nports: [{number: 1}]\nresolution: STATIC\nendpoints: [{address: c.d}]",
            '8 error: "spec.endpoints[0].address" is "c.d", which is no IP address; write resolution: DNS for host '
            "names",
        ),
        (
            "hosts: [a.b]\nports: [{number: 1, name: http}]\nresolution: DNS\nendpoints: [{address: c.d, "
            "ports: {htp: 1}}]",
            '8 error: "spec.endpoints[0].ports.htp" is the name of no port of the service',
        ),
        (
            "hosts: [c.d, '*.b']\nports: [{number: 1}]\nresolution: DNS",
            '5 error: "spec.hosts[1]" is *.b, which DNS cannot be asked for; write endpoints, or resolution: '
            "DYNAMIC_DNS",
        ),
        (
            "hosts: [c.d]\nports: [{number: 1}]\naddresses: [x]",
            '7 error: "spec.addresses[0]" must be an IP address or a subnet such as 10.1.0.0/16, not "x"',
        ),
        (
            "hosts: [c.d]\nports: [{number: 1}]\nexportTo: ['']",
            '7 error: "spec.exportTo[0]" must be a namespace, . for its own, * for all or ~ for nobody, not ""',
        ),
    ],
)
def test_mistakes(read: Read, spec: str, expected: str) -> None:
    assert findings(read(document("ServiceEntry", spec))) == [expected]


def test_places_of_wildcards(read: Read) -> None:
    spec = "hosts: ['*.b']\nports: [{number: 1}]\nresolution: DNS\nendpoints: [{address: c.d}]"
    (found,) = services(read, spec)
    assert found.addresses == (Endpoint(address="c.d", port=1, port_name="1"),)
