"""What status shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tulle.api.summary import Look, summarize
from tulle.flow.state import ProxyState
from tulle.kit.codec import encode
from tulle.model.documents import Anchor, Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Listener, ListenerProtocol
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.routes import RouteSet
from tulle.model.services import Endpoint, Port, Service
from tulle.model.workloads import Instance, InstanceState, Workload

PLACE = Origin("file", "mesh.yaml", Anchor(3), 1, "service web")
WEB, DB = Name("default", "web"), Name("shop", "db")


def instance(id: str, state: InstanceState) -> Instance:
    return Instance(id=id, workload=WEB, service=WEB, host="alpha", account="web", state=state, message="why")


def listener(name: str, address: str = "127.0.0.1", protocol: ListenerProtocol = ListenerProtocol.HTTP) -> Listener:
    return Listener(name=Name("tulle-system", name), origin=PLACE, port=8080, address=address, protocol=protocol)


def shown(mesh: Mesh, *instances: Instance, **more: Any) -> Any:
    seen = Look(
        mesh=mesh, ready=True, instances=instances, proxies=more.get("proxies", ()), findings=more.get("findings", ())
    )
    return json.loads(encode(summarize(seen)))


def test_an_empty_mesh_has_every_field() -> None:
    assert shown(Mesh()) == {
        "version": "tulle/v1",
        "ready": True,
        "services": [],
        "proxies": [],
        "instances": [],
        "gateway": [],
        "findings": [],
        "objects": [],
    }


def test_a_service_shows_what_is_desired_and_what_is_there() -> None:
    service = Service(name=WEB, origin=PLACE, ports=(Port(name="http", number=80),), account="web")
    elsewhere = Service(
        name=DB, origin=PLACE, ports=(), account="db", addresses=(Endpoint(address="10.0.0.1", port=5432),)
    )
    workloads = {
        name: Workload(name=name, origin=PLACE, service=WEB, command="run", directory="/", replicas=2)
        for name in (Name("default", "web-v1"), Name("default", "web-v2"))
    }
    states = (InstanceState.READY, InstanceState.UNHEALTHY, InstanceState.STARTING, InstanceState.DRAINING)
    status = shown(
        Mesh(services={DB: elsewhere, WEB: service}, workloads=workloads),
        *(instance(f"web-{number}", state) for number, state in enumerate(states)),
    )
    web, database = status["services"]
    assert (web["name"], web["namespace"], web["endpoints"], web["healthy"], web["replicas"]) == (
        "web",
        "default",
        2,
        1,
        4,
    )
    assert web["ports"] == [{"name": "http", "number": 80, "protocol": "http"}]
    assert web["origin"] == {"source": "file", "file": "mesh.yaml", "line": 4, "subject": "service web"}
    assert (database["endpoints"], database["healthy"], database["replicas"]) == (1, 1, None)
    assert [(each["id"], each["state"]) for each in status["instances"]][:2] == [
        ("web-0", "ready"),
        ("web-1", "unhealthy"),
    ]
    assert status["instances"][0]["service"] == "web.default"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://localhost:8080"),
        ("::", "http://localhost:8080"),
        ("::1", "http://[::1]:8080"),
        ("mesh.test", "http://mesh.test:8080"),
    ],
)
def test_a_gateway_shows_an_address_that_clients_can_use(address: str, url: str) -> None:
    mesh = Mesh(listeners={Name("tulle-system", "a"): listener("a", address)})
    assert shown(mesh)["gateway"] == [{"listener": "a", "protocol": "http", "url": url, "hosts": []}]


def test_a_listener_shows_the_hosts_that_are_routed_there() -> None:
    names = [Name("tulle-system", name) for name in ("a", "b", "raw")]
    mesh = Mesh(
        listeners=dict(
            zip(names, (listener("a"), listener("b"), listener("raw", protocol=ListenerProtocol.TCP)), strict=True)
        ),
        gateway_routes=(
            RouteSet(name=Name("n", "1"), origin=PLACE, hosts=("x.test", "*")),
            RouteSet(name=Name("n", "2"), origin=PLACE, hosts=("y.test",), listeners=("b",)),
        ),
    )
    assert [each["hosts"] for each in shown(mesh)["gateway"]] == [["*", "x.test"], ["*", "x.test", "y.test"], []]


def test_of_listeners_on_one_port_those_for_nobody_are_left_out() -> None:
    names = [Name("tulle-system", name) for name in ("plain", "secure")]
    both = (listener("plain"), listener("secure", protocol=ListenerProtocol.HTTPS))
    routes = RouteSet(name=Name("n", "1"), origin=PLACE, hosts=("x.test",), listeners=("secure",))
    mesh = Mesh(listeners=dict(zip(names, both, strict=True)), gateway_routes=(routes,))
    assert [each["listener"] for each in shown(mesh)["gateway"]] == ["secure"]
    assert len(shown(replace(mesh, gateway_routes=()))["gateway"]) == 2


def test_findings_and_proxies_are_shown_with_their_places() -> None:
    proxy = ProxyState(
        id="web-1",
        role="sidecar",
        service="web.default",
        host="alpha",
        is_connected=True,
        is_synced=False,
        version="v",
        admin="unix:/a",
    )
    status = shown(Mesh(), findings=(Finding.error(PLACE, "wrong"),), proxies=(proxy,))
    assert status["findings"] == [
        {
            "severity": "error",
            "message": "wrong",
            "origin": {"source": "file", "file": "mesh.yaml", "line": 4, "subject": "service web"},
        }
    ]
    assert status["proxies"][0] == {
        "id": "web-1", "role": "sidecar", "service": "web.default", "host": "alpha",
        "connected": True, "synced": False, "version": "v", "admin": "unix:/a",
    }  # fmt: skip


@given(st.lists(st.sampled_from(InstanceState), max_size=8))
def test_never_more_healthy_than_endpoints_than_instances(states: list[InstanceState]) -> None:
    service = Service(name=WEB, origin=PLACE, ports=(), account="web")
    instances = [instance(f"web-{number}", state) for number, state in enumerate(states)]
    web = shown(Mesh(services={WEB: service}), *instances)["services"][0]
    assert 0 <= web["healthy"] <= web["endpoints"] <= len(states)
