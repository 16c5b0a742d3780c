"""Folders of documents that say the same in each language, as large as one likes: what the control plane is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """What is different about one service: usually nothing."""

    what: str = ""
    """What of it: its route, or the kind of one of its other documents."""
    number: int = 0

    def of(self, what: str, usual: int) -> int:
        """A number that is another one where this is what was edited."""
        return usual + self.number if what == self.what else usual


ROUTE, SERVICE, PLACES, TREATMENT = "route", "Service", "EndpointSlice", "DestinationRule"
UNEDITED = Edit()
Written = Callable[[range, Edit], str]
"""Services by their numbers, and the routes of each; the first one is edited."""


@dataclass(frozen=True, slots=True)
class Language:
    """How services and routes are written."""

    title: str
    shared: str
    """What is there once: where requests come in."""
    file: Written
    hosts: int
    """Virtual hosts of the gateway that one route makes."""
    edits: tuple[str, ...]
    """What can be edited of a service."""
    is_mesh_wide: bool
    """Whether its rules count in sidecars too."""
    seconds: float
    """What a full build of 10,000 services may take."""


CALLER = """
services:
  caller: {port: 8000, command: "true"}
"""
"""The workload whose sidecar is connected."""


def addresses(number: int, edit: Edit = UNEDITED, count: int = 5) -> list[str]:
    """Where a service answers."""
    first = edit.of(PLACES, 1)
    return [f"10.{number // 250}.{number % 250}.{first + index}" for index in range(count)]


def _native_service(number: int, edit: Edit) -> str:
    places = "".join(f"      - {address}:8080\n" for address in addresses(number, edit))
    return f"  s{number}:\n    port: 80\n    addresses:\n{places}"


def _native_route(number: int, edit: Edit) -> str:
    return f"  - host: s{number}.example.org\n    to: s{number}\n    timeout: {edit.of(ROUTE, 5)}s\n"


def _native(numbers: range, edit: Edit) -> str:
    edits = [edit, *[UNEDITED] * (len(numbers) - 1)]
    services, routes = map(_native_service, numbers, edits), map(_native_route, numbers, edits)
    return f"services:\n{''.join(services)}routes:\n{''.join(routes)}"


def _service(number: int, edit: Edit) -> str:
    """A service of Kubernetes and where it answers."""
    places = "".join(f"- addresses: [{address}]\n" for address in addresses(number, edit))
    return f"""---
apiVersion: v1
kind: Service
metadata:
  name: s{number}
spec:
  ports:
  - port: 80
    name: http
    appProtocol: {"kubernetes.io/h2c" if edit.of(SERVICE, 0) else "http"}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: s{number}-1
  labels:
    kubernetes.io/service-name: s{number}
addressType: IPv4
ports:
- name: http
  port: 8080
endpoints:
{places}"""


def _istio(number: int, edit: Edit) -> str:
    return f"""{_service(number, edit)}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: s{number}
spec:
  host: s{number}
  trafficPolicy:
    loadBalancer:
      simple: ROUND_ROBIN
    connectionPool:
      http:
        http1MaxPendingRequests: {edit.of(TREATMENT, 100)}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: s{number}
spec:
  hosts:
  - s{number}.example.org
  - s{number}
  gateways:
  - shared
  - mesh
  http:
  - match:
    - uri:
        prefix: /special
    route:
    - destination:
        host: s{number}
        port:
          number: 80
    timeout: 1s
  - route:
    - destination:
        host: s{number}
    timeout: {edit.of(ROUTE, 5)}s
"""


def _gateway_api(number: int, edit: Edit) -> str:
    return f"""{_service(number, edit)}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: s{number}
spec:
  parentRefs:
  - name: shared
  - kind: Service
    group: ""
    name: s{number}
  hostnames:
  - s{number}.example.org
  rules:
  - matches:
    - path:
        type: PathPrefix
        value: /special
    backendRefs:
    - name: s{number}
      port: 80
    timeouts:
      request: 1s
  - backendRefs:
    - name: s{number}
      port: 80
    timeouts:
      request: {edit.of(ROUTE, 5)}s
"""


ISTIO_GATEWAY = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: shared
spec:
  selector:
    istio: ingressgateway
  servers:
  - port:
      number: 80
      name: http
      protocol: HTTP
    hosts:
    - "*"
"""
STANDARD_GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: shared
spec:
  gatewayClassName: tulle
  listeners:
  - name: http
    port: 80
    protocol: HTTP
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: tulle
spec:
  controllerName: example.org/tulle
"""


def _objects(written: Callable[[int, Edit], str]) -> Written:
    """A file of objects, one after the other."""

    def file(numbers: range, edit: Edit) -> str:
        return "".join(written(number, edit if number == numbers[0] else UNEDITED) for number in numbers)

    return file


OBJECTS = (ROUTE, SERVICE, PLACES, TREATMENT)
LANGUAGES = {
    "native": Language("native routes", "", _native, 1, (ROUTE, PLACES), is_mesh_wide=False, seconds=2.0),
    "istio": Language("VirtualServices", ISTIO_GATEWAY, _objects(_istio), 2, OBJECTS, is_mesh_wide=True, seconds=7.0),
    "gateway-api": Language(
        "HTTPRoutes", STANDARD_GATEWAY, _objects(_gateway_api), 1, OBJECTS[:3], is_mesh_wide=True, seconds=5.0
    ),
}
