"""Folders of documents that say the same in each language, as large as one likes: what the control plane is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Written = Callable[[range, int], str]
"""Services by their numbers, and the routes of each; the route of the first one has the timeout."""
USUAL = 5
"""Seconds that all other routes give a request."""


@dataclass(frozen=True, slots=True)
class Language:
    """How services and routes are written."""

    title: str
    shared: str
    """What is there once: where requests come in."""
    file: Written
    hosts: int
    """Virtual hosts of the gateway that one route makes."""
    is_mesh_wide: bool
    """Whether its rules count in sidecars too."""


CALLER = """
services:
  caller: {port: 8000, command: "true"}
"""
"""The workload whose sidecar is connected."""


def addresses(number: int, count: int = 5) -> list[str]:
    """Where a service answers."""
    return [f"10.{number // 250}.{number % 250}.{last + 1}" for last in range(count)]


def _native_service(number: int) -> str:
    places = "".join(f"      - {address}:8080\n" for address in addresses(number))
    return f"  s{number}:\n    port: 80\n    addresses:\n{places}"


def _native_route(number: int, timeout: int) -> str:
    return f"  - host: s{number}.example.org\n    to: s{number}\n    timeout: {timeout}s\n"


def _native(numbers: range, timeout: int) -> str:
    routes = (_native_route(number, timeout if number == numbers[0] else USUAL) for number in numbers)
    return f"services:\n{''.join(map(_native_service, numbers))}routes:\n{''.join(routes)}"


def _service(number: int) -> str:
    """A service of Kubernetes and where it answers."""
    places = "".join(f"- addresses: [{address}]\n" for address in addresses(number))
    return f"""---
apiVersion: v1
kind: Service
metadata:
  name: s{number}
spec:
  ports:
  - port: 80
    name: http
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


def _istio(number: int, timeout: int) -> str:
    return f"""{_service(number)}---
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
        http1MaxPendingRequests: 100
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
    timeout: {timeout}s
"""


def _gateway_api(number: int, timeout: int) -> str:
    return f"""{_service(number)}---
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
      request: {timeout}s
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


def _objects(written: Callable[[int, int], str]) -> Written:
    """A file of objects, one after the other."""

    def file(numbers: range, timeout: int) -> str:
        return "".join(written(number, timeout if number == numbers[0] else USUAL) for number in numbers)

    return file


LANGUAGES = {
    "native": Language("native routes", "", _native, hosts=1, is_mesh_wide=False),
    "istio": Language("VirtualServices", ISTIO_GATEWAY, _objects(_istio), hosts=2, is_mesh_wide=True),
    "gateway-api": Language("HTTPRoutes", STANDARD_GATEWAY, _objects(_gateway_api), hosts=1, is_mesh_wide=True),
}
