from __future__ import annotations

import dataclasses

import pytest

from tulle.envoy.patching import places
from tulle.envoy.patching.facts import Facts
from tulle.model.extensions import PatchContext
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.workloads import Instance

INBOUND, OUTBOUND, GATEWAY = PatchContext.SIDECAR_INBOUND, PatchContext.SIDECAR_OUTBOUND, PatchContext.GATEWAY
WEB, CATALOGUE = "web.default.svc.cluster.local", "catalogue.default.svc.cluster.local"


def test_sidecars(mesh: Mesh, instance: dict[str, Instance]) -> None:
    here = places.of_sidecar(mesh, instance["web-v1"])
    application = int(instance["web-v1"].bindings[0].application.rpartition(":")[2])
    ports = frozenset((8000, application))
    assert here.listener("inbound|http") == Facts(INBOUND, ports)
    assert here.listener("inbound|none") == Facts(INBOUND)
    assert here.listener("outbound") == Facts(OUTBOUND)
    assert here.listener("forward|5432|db.default") == Facts(OUTBOUND, frozenset((5432,)))
    assert here.listener("forward|53/udp|dns.default") == Facts(OUTBOUND, frozenset((53,)))
    assert here.cluster("inbound|http") == Facts(INBOUND, ports, (WEB,))
    assert here.cluster("outbound|8000|v1|catalogue.default") == Facts(OUTBOUND, frozenset((8000,)), (CATALOGUE,))
    assert here.cluster("outside") == Facts(OUTBOUND)
    assert here.routes("outbound.default") == Facts(OUTBOUND)
    assert here.virtual_host("outbound.default/catalogue.default:8000") == Facts(OUTBOUND, frozenset((8000,)))
    assert here.virtual_host("outbound.default/example.org") == Facts(OUTBOUND, frozenset((80,)))


def test_services_are_meant_by_their_own_hosts_too(mesh: Mesh, instance: dict[str, Instance]) -> None:
    name = Name("default", "catalogue")
    named = dataclasses.replace(mesh.services[name], hosts=("Shop.example",))
    here = places.of_gateway(dataclasses.replace(mesh, services={name: named}))
    assert here.cluster("outbound|8000||catalogue.default").services == (CATALOGUE, "shop.example")
    assert here.cluster("outbound|1||gone.default").services == ("gone.default.svc.cluster.local",)
    gone = places.of_sidecar(dataclasses.replace(mesh, services={}), instance["web-v1"])
    assert len(gone.listener("inbound|http").ports) == 1
    assert places.Places(mesh).cluster("inbound|http").services == ()


@pytest.mark.parametrize("name", ["gateway.http", "gateway.127.0.0.1:{port}", "gateway.127.0.0.1:{port}|http"])
def test_gateways(mesh: Mesh, name: str) -> None:
    own = mesh.listeners[Name("default", "http")]
    named = dataclasses.replace(own, gateway=Name("default", "edge"), section="web", declared_port=80)
    here = places.of_gateway(dataclasses.replace(mesh, listeners={own.name: named}))
    expected = Facts(GATEWAY, frozenset((own.port, 80)), gateways=(("default/edge", "web"),))
    routes = name.format(port=own.port)
    assert here.routes(routes) == here.virtual_host(f"{routes}/shop.example") == expected
    assert here.listener("http") == Facts(GATEWAY)
    assert here.routes("gateway.other") == Facts(GATEWAY)
