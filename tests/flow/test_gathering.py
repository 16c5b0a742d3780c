from __future__ import annotations

from tulle.dialects import registry
from tulle.flow.build import Builder
from tulle.flow.conversion import read
from tulle.flow.gathering import gathered, typed, unattached, unusable
from tulle.model.names import Name
from tulle.model.routes import Respond
from tulle.model.security import PeerAuthentication
from tulle.model.services import Destination

TEXT = """
services:
  web: {port: 80, command: x, versions: {v1: {}}}
workloads:
  bare: {command: x}
  vm: {address: 10.0.0.1}
mtls:
  b: {mode: strict}
  a: {mode: permissive}
routes:
  - {host: b.example.org, path: /a, to: web}
  - {to: web}
  - {host: "*.example.org", mesh: true, rules: {to: web}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: spoken}
spec: {hosts: [gone], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: spoken}
spec:
  host: gone
  subsets: [{name: v1, labels: {a: b}}]
  trafficPolicy: {portLevelSettings: [{port: {number: 9}, tls: {mode: SIMPLE}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: nobody}
spec:
  hosts: [www.example.org]
  exportTo: ["."]
  http: [{match: [{sourceNamespace: other}], route: [{destination: {host: web}}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: loose}
spec:
  hosts: [loose.example.org]
  gateways: [missing]
  http: [{match: [{uri: {prefix: /a}}], delegate: {name: other}}, {route: [{destination: {host: web}}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-v9}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: []}}}
"""


def test_everything_that_a_mesh_says() -> None:
    documents = read(TEXT)
    fragments = [registry.read(part) for each in documents for part in registry.split(each)[0]]
    objects = [each for fragment in fragments for each in fragment.objects]
    mesh = Builder().build(documents)
    content = gathered(mesh, objects)
    offers = {each.service.name.name: each for each in content.offers}
    assert (offers["web"].is_declared, [each.name.name for each in offers["web"].workloads]) == (True, ["web-v1"])
    spoken = offers["gone"]
    assert (spoken.is_declared, len(spoken.rules), [number for number, _ in spoken.port_policies]) == (False, 1, [9])
    assert [each.name for each in spoken.service.subsets] == ["v1"]
    assert [each.name.name for each in content.workloads] == ["bare"]
    assert [each.name.name for each in content.entries] == ["vm"]
    assert [each.name.name for each in content.peers] == ["a", "b"]
    assert [each.name.name for each in content.templates] == ["web-v9"]
    assert [(each.hosts, each.is_free) for each in content.routes if not each.is_mesh] == [
        (("b.example.org",), True),
        (("*",), True),
    ]
    assert {each.hosts: each.rules[0].action for each in content.routes if each.is_mesh}[
        ("www.example.org",)
    ] == Respond(status=404)
    (loose,) = unattached(mesh, [each for fragment in fragments for each in fragment.routes])
    assert (loose.hosts, len(loose.rules)) == (("loose.example.org",), 1)


def test_of_a_name_the_first_counts() -> None:
    peers = [PeerAuthentication(name=Name("a", "b"), origin=each.origin) for each in read("{}\n---\n{}\n")]
    assert typed(peers, PeerAuthentication) == (peers[0],)
    assert typed(peers, Destination) == ()


def test_listeners_that_do_not_listen() -> None:
    documents = read("gateway: {listeners: {a: 1024, b: 1024}}\n")
    parts = registry.split(documents[0])[0]
    listeners = [each for part in parts for each in registry.read(part).listeners]
    assert [each.listener.name.name for each in unusable(Builder().build(documents), listeners)] == ["b"]
