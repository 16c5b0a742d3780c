"""Changes to compiled resources, seen in what real Envoys do with them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.e2e.applications import applications
from tests.e2e.machine import eventually
from tests.e2e.mini import Plane, running
from tests.envoy.kitchen import instances, kitchen
from tulle.dialects import registry
from tulle.envoy import patches
from tulle.envoy.patching import places
from tulle.identity.authority import Authority
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.extensions import EnvoyPatches
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.xds.snapshot import Snapshot
from tulle.xds.subscription import Session

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
DOCUMENTS = """
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: SIDECAR_INBOUND
      listener:
        portNumber: 8000
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter: {name: envoy.filters.http.router}
    patch:
      operation: INSERT_BEFORE
      value:
        name: envoy.filters.http.lua
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
          default_source_code:
            inline_string: |
              function envoy_on_request(handle)
                handle:headers():add("x-lua", "was here")
              end
              function envoy_on_response(handle)
                handle:headers():add("x-lua-answer", "was here too")
              end
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: breaker}
spec:
  configPatches:
  - applyTo: CLUSTER
    match:
      context: SIDECAR_OUTBOUND
      cluster: {service: query.default.svc.cluster.local, portNumber: 80}
    patch:
      operation: MERGE_AND_REPLACE_LIST
      value:
        circuit_breakers:
          thresholds: [{priority: DEFAULT, max_requests: 0, max_pending_requests: 0}]
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: routes}
spec:
  configPatches:
  - applyTo: HTTP_ROUTE
    match:
      context: GATEWAY
      routeConfiguration: {vhost: {name: "shop.example:%PORT%", route: {name: exact}}}
    patch:
      operation: MERGE
      value:
        typed_per_filter_config:
          envoy.filters.http.fault:
            "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
            abort: {http_status: 418, percentage: {numerator: 100}}
  - applyTo: HTTP_ROUTE
    match:
      context: GATEWAY
      routeConfiguration: {vhost: {domainName: shop.example, route: {name: api, action: ROUTE}}}
    patch:
      operation: MERGE
      value:
        response_headers_to_add: [{header: {key: x-patched, value: "yes"}}]
  - applyTo: NETWORK_FILTER
    match:
      context: GATEWAY
      listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          server_name: patched
          server_header_transformation: OVERWRITE
  - applyTo: LISTENER
    patch:
      operation: ADD
      value:
        name: unknown-extension
        address: {socket_address: {address: 127.0.0.1, port_value: %FREE%}}
        filter_chains:
        - filters:
          - name: http
            typed_config:
              "@type": envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: added
              route_config:
                virtual_hosts:
                - {name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 203}}]}
              http_filters:
              - name: size
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit
              - name: router
                typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"""


def documents(text: str) -> tuple[EnvoyPatches, ...]:
    """The changes of a file; nothing may be wrong with it."""
    found: list[EnvoyPatches] = []
    for piece in pieces(text):
        data = parse(piece.text)
        assert isinstance(data, dict)
        document = Document(Origin("file", "patches.yaml", Anchor(piece.line + 1)), Key("file", Name("", "x")), data)
        parts, findings = registry.split(document)
        fragments = [registry.read(part) for part in parts]
        assert not findings and not [each for fragment in fragments for each in fragment.findings]
        found += [each for fragment in fragments for each in fragment.objects if isinstance(each, EnvoyPatches)]
    return tuple(found)


@dataclass
class PatchingPlane(Plane):
    """A control plane whose snapshots are changed before they are published."""

    sets: tuple[EnvoyPatches, ...] = ()
    applied: dict[str, frozenset[object]] = field(default_factory=dict)

    def patch(self, sets: tuple[EnvoyPatches, ...]) -> None:
        """Other changes from now on; from any thread."""
        self.sets = sets
        self.change(self.mesh)

    def _snapshot(self, session: Session) -> Snapshot:
        snapshot = super()._snapshot(session)
        instance = next((each for each in self.instances if each.id == session.node_id), None)
        here = places.of_sidecar(self.mesh, instance) if instance else places.of_gateway(self.mesh)
        patched = patches.apply(snapshot, self.sets, here)
        assert not patched.findings
        self.applied[session.node_id] = frozenset(patched.applied)
        return patched.snapshot


@dataclass(frozen=True)
class World:
    ports: dict[str, int]
    plane: PatchingPlane

    def call(self, url: str, caller: str = "outbound", host: str = "") -> tuple[int, dict[str, str], str]:
        headers = {"host": host} if host else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.ports[caller], timeout=10)) as connection:
            connection.request("GET", url, headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("envoys")
    authority = Authority.open(directory / "ca", trust_domain="cluster.local")
    with applications() as ports:
        text = DOCUMENTS.replace("%PORT%", str(ports["gateway-http"])).replace("%FREE%", str(ports["stranger"]))
        sets = documents(text)
        assert [finding for each in sets for finding in patches.check(each)] == []
        plane = PatchingPlane(_without_tls(kitchen(ports)), instances(ports), authority, sets=sets)
        with running(plane, ("web-v1", "catalogue-v1", "catalogue-v2", "gateway-here"), Path(directory)):
            found = World(ports, plane)
            eventually(lambda: found.call("http://catalogue/")[0] == 200, what="the sidecars serve")
            eventually(lambda: found.call("/", "gateway-http", "shop.example")[0] == 200, what="the gateway serves")
            yield found
        assert plane.refusals == {}


def _without_tls(mesh: Mesh) -> Mesh:
    kept = {name: each for name, each in mesh.listeners.items() if not each.certificates}
    return replace(mesh, listeners=kept)


def test_every_change_found_something(world: World) -> None:
    world.call("http://query/")
    assert patches.unapplied(world.plane.sets, world.plane.applied.values()) == ()  # type: ignore[arg-type]


def test_a_lua_filter_before_the_router_sees_requests_and_answers(world: World) -> None:
    status, headers, body = world.call("http://catalogue/")
    assert (status, headers["x-lua-answer"]) == (200, "was here too")
    assert json.loads(body)["headers"]["x-lua"] == "was here"


def test_a_merged_cluster_lets_nothing_through(world: World) -> None:
    assert world.call("http://query/")[0] == 503
    assert world.call("http://catalogue/")[0] == 200
    assert world.call("http://legacy:80/")[0] == 200
    world.plane.patch(tuple(each for each in world.plane.sets if each.name.name != "breaker"))
    eventually(lambda: world.call("http://query/")[0] == 200, what="the change is taken back")


def test_a_merged_route_has_the_filter_by_the_name_that_envoy_knows(world: World) -> None:
    eventually(lambda: world.call("/exact", "gateway-http", "shop.example")[0] == 418)
    status, headers, _ = world.call("/api/1", "gateway-http", "shop.example")
    assert (status, headers["x-patched"], headers["server"]) == (200, "yes", "patched")
    assert "x-patched" not in world.call("/", "gateway-http", "shop.example")[1]


def test_extensions_that_have_no_class_here_reach_envoy(world: World) -> None:
    eventually(lambda: world.call("/", "stranger")[0] == 203)
