from __future__ import annotations

import dataclasses

import pytest

from tests.envoy.kitchen import guard
from tulle.envoy.patching import places
from tulle.envoy.patching.facts import Facts
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import EnvoyPatches, PatchContext
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.workloads import Instance
from tulle.xds.snapshot import CLUSTER, LISTENER, ROUTE, VIRTUAL_HOST

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


@pytest.mark.parametrize("name", ["gateway.127.0.0.1:{port}", "gateway.127.0.0.1:{port}|http"])
def test_gateways(mesh: Mesh, name: str) -> None:
    own = mesh.listeners[Name("default", "http")]
    named = dataclasses.replace(own, gateway=Name("default", "edge"), section="web", declared_port=80)
    here = places.of_gateway(dataclasses.replace(mesh, listeners={own.name: named}))
    expected = Facts(GATEWAY, frozenset((own.port, 80)), gateways=(("default/edge", "web"),))
    routes = name.format(port=own.port)
    assert here.routes(routes) == here.virtual_host(f"{routes}/shop.example") == expected
    assert here.listener("http") == Facts(GATEWAY)
    assert here.routes("gateway.other") == Facts(GATEWAY)


def test_what_is_attached_to_one_gateway_holds_at_its_sockets(mesh: Mesh) -> None:
    wide, own = (EnvoyPatches(name=Name("default", each), origin=BUILT_IN, patches=()) for each in ("wide", "own"))
    guards = [
        dataclasses.replace(guard(mesh.services[Name("default", "web")]), patches=each)
        for each in ((wide,), (wide, own))
    ]
    usual = mesh.listeners[Name("default", "http")]
    edge = dataclasses.replace(usual, name=Name("default", "edge"), address="127.0.0.2", gateway=Name("default", "gw"))
    both = {each.name: each for each in (usual, edge)}
    more = dataclasses.replace(
        mesh, listeners=both, gateway_guard=guards[0], gateway_guards={Name("default", "gw"): guards[1]}
    )
    here, port, every = places.of_gateway(more), usual.port, (wide, own)
    names = {
        LISTENER: ("gateway|{}", "gateway|{}/udp"),
        ROUTE: ("gateway.{}", "gateway.{}|web"),
        VIRTUAL_HOST: ("gateway.{}/shop.example", "gateway.{}|web/*"),
    }
    for type_url, (first, second) in names.items():
        assert here.holding(type_url, first.format(f"127.0.0.1:{port}"), every) == (wide,)
        assert here.holding(type_url, first.format(f"127.0.0.2:{port}"), every) == every
        expected = () if type_url == LISTENER else every
        assert here.holding(type_url, second.format(f"127.0.0.2:{port}"), every) == expected
    assert here.holding(CLUSTER, "outside", every) == every
    assert places.of_gateway(mesh).holding(LISTENER, "gateway|x", every) == every
    assert here.listener("gateway|x") == Facts(GATEWAY)
