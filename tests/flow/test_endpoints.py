from __future__ import annotations

from tulle.flow.endpoints import endpoints, instances_by_service
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
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
