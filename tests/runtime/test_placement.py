from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tulle.kit.ports import Ports
from tulle.model.names import Name
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Assignment, Forward, InstanceState
from tulle.runtime import placement
from tulle.runtime.placement import Host, place

HOST = Host(name="here", address="127.0.0.2", sockets=Path("/run/x"))
HTTP, DNS = Port(name="http", number=80), Port(name="dns", number=53, protocol=Protocol.UDP)
ADMIN = Port(name="admin", number=81)


@pytest.fixture
def ports() -> Iterator[Ports]:
    with contextlib.closing(Ports()) as made:
        yield made


def test_application_and_sidecar_get_ports_of_their_own(assignment: Callable[..., Assignment], ports: Ports) -> None:
    database = Forward(service=Name("default", "db"), port=5432, protocol=Protocol.TCP)
    instance = place(assignment(ports=(HTTP, ADMIN), forwards=(database,)), HOST, ports, ())
    assert [(binding.name, binding.address) for binding in instance.bindings] == [
        ("http", "127.0.0.2"),
        ("admin", "127.0.0.2"),
    ]
    assert all(binding.application.startswith("127.0.0.1:") for binding in instance.bindings)
    assert instance.outbound.startswith("127.0.0.1:") and instance.forwards[0].address.startswith("127.0.0.1:")
    assert len(placement.ports_of(instance)) == 6
    assert set(placement.application_ports(instance)) < placement.ports_of(instance)
    assert instance.state is InstanceState.STARTING and instance.host == "here"


def test_application_binds_udp_itself(assignment: Callable[..., Assignment], ports: Ports) -> None:
    (binding,) = place(assignment(ports=(DNS,)), HOST, ports, ()).bindings
    assert binding.application == f"{binding.address}:{binding.port}"


def test_first_stream_port_is_the_socket(assignment: Callable[..., Assignment], ports: Ports) -> None:
    instance = place(assignment(ports=(DNS, HTTP, ADMIN), unix_socket=True), HOST, ports, ())
    _, http, admin = instance.bindings
    assert http.application.startswith("/run/x/app-") and len(http.application) == len("/run/x/app-123456")
    assert placement.application_sockets(instance) == (Path(http.application),)
    assert placement.application_ports(instance) == (int(admin.application.rpartition(":")[2]),)
    assert placement.ports_of(instance) >= {http.port, admin.port}


def test_names_are_new_and_harmless(
    assignment: Callable[..., Assignment], ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffixes = iter(["aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(suffixes))
    assert place(assignment("../web shop"), HOST, ports, {"other-aaaaaa"}).id == "-web-shop-bbbbbb"
