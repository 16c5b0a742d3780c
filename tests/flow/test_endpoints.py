from __future__ import annotations

from dataclasses import replace

import pytest

from tulle.flow.endpoints import endpoints, instances_by_service
from tulle.model.documents import BUILT_IN
from tulle.model.guards import Guard
from tulle.model.names import Name
from tulle.model.security import PeerMode
from tulle.model.services import Endpoint, Port, Protocol, Service
from tulle.model.workloads import Binding, Instance, InstanceState

WEB = Name("default", "web")


def instance(id: str, state: InstanceState = InstanceState.READY, service: Name = WEB) -> Instance:
    binding = Binding(name="http", protocol=Protocol.HTTP, address="127.0.0.1", port=9000, application="127.0.0.1:8000")
    return Instance(
        id=id, workload=service, service=service, host="here", account="web", state=state, bindings=(binding,)
    )


def test_only_ready_instances_may_be_called() -> None:
    states = {state.value: instance(state.value, state) for state in InstanceState}
    assert instances_by_service(states.values()) == {WEB: (states["ready"],)}


def test_instances_are_ordered_so_that_the_order_of_reports_changes_nothing() -> None:
    one, two = instance("a"), instance("b")
    assert instances_by_service([two, one]) == instances_by_service([one, two])


def test_a_service_is_at_its_addresses_and_at_every_binding_of_its_instances() -> None:
    fixed = Endpoint(address="10.0.0.5", port=80)
    service = Service(
        name=WEB, origin=BUILT_IN, ports=(Port(name="http", number=80),), account="web", addresses=(fixed,)
    )
    assert endpoints(service, (instance("a"),)) == (
        fixed,
        Endpoint(address="127.0.0.1", port=9000, port_name="http", is_meshed=True, account="web"),
    )


def two_ports(number: int = 8080) -> Instance:
    """An instance with a port by name and number, and another one."""
    http = instance("a").bindings[0]
    return replace(
        instance("a"),
        bindings=(replace(http, name="web", number=number), replace(http, name="admin", number=1, port=9001)),
    )


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (Port(name="http", number=80, target=8080), 9000),
        (Port(name="http", number=80, target="admin"), 9001),
        (Port(name="http", number=8080), 9000),
        (Port(name="admin", number=80), 9001),
        (Port(name="admin", number=80, target="nope"), 9001),
        (Port(name="http", number=80), None),
    ],
)
def test_calls_go_to_the_port_that_the_service_means(port: Port, expected: int | None) -> None:
    service = Service(name=WEB, origin=BUILT_IN, ports=(port,), account="web")
    found = [each.port for each in endpoints(service, (two_ports(),))]
    assert found == ([] if expected is None else [expected])


def test_tcp_and_udp_may_have_one_number() -> None:
    http = instance("a").bindings[0]
    both = (
        replace(http, name="a", number=53, protocol=Protocol.UDP, port=9053),
        replace(http, name="b", number=53, protocol=Protocol.TCP, port=9054),
    )
    for protocol, expected in ((Protocol.UDP, 9053), (Protocol.TCP, 9054), (Protocol.HTTP, 9054)):
        port = Port(name="x", number=5300, protocol=protocol, target=53)
        service = Service(name=WEB, origin=BUILT_IN, ports=(port,), account="web")
        (found,) = endpoints(service, (replace(instance("a"), bindings=both),))
        assert found.port == expected


def test_the_only_port_of_an_instance_takes_the_calls_to_any() -> None:
    service = Service(name=WEB, origin=BUILT_IN, ports=(Port(name="x", number=80, target=1),), account="web")
    assert [each.port for each in endpoints(service, (instance("a"),))] == [9000]


def test_an_instance_answers_for_all_services_that_select_its_workload() -> None:
    api = Name("default", "api")
    guard = Guard(workload=WEB, origin=BUILT_IN, service=WEB, account="web", answers=(WEB, api))
    ready = instance("a")
    assert instances_by_service([ready], {WEB: guard}) == {WEB: (ready,), api: (ready,)}


@pytest.mark.parametrize(
    ("modes", "expected"),
    [((), [True, True]), (((8080, PeerMode.DISABLE),), [False, True]), (((1, PeerMode.DISABLE),), [True, False])],
)
def test_an_instance_that_takes_plain_text_only_is_called_so(
    modes: tuple[tuple[int, PeerMode], ...], expected: list[bool]
) -> None:
    ports = (Port(name="web", number=8080), Port(name="admin", number=81))
    service = Service(name=WEB, origin=BUILT_IN, ports=ports, account="web")
    # The port `admin` is known by its number only.
    guard = Guard(workload=WEB, origin=BUILT_IN, service=WEB, account="web", ports=ports[:1], port_modes=modes)
    found = endpoints(service, (two_ports(),), {WEB: guard})
    assert [each.is_meshed for each in found] == expected
