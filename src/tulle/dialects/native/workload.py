"""`workloads`: what runs and has no service of its own. Services of Kubernetes and Istio select it by its labels."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Label, PositiveWeight, Several, Text
from tulle.dialects.native.backends import Caller
from tulle.dialects.native.ports import PortsSpec, read_ports
from tulle.dialects.native.running import Address, CommandSpec, absolute, check_probe, command_of, split_address
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.policies import Locality
from tulle.model.services import Entry, Port
from tulle.model.workloads import Probe, Workload, canonical_name


class WorkloadSpec(CommandSpec, PortsSpec):
    """Something that runs and has no service of its own: services elsewhere in the folder select it by its labels.

    A Deployment (or Pod, …) of the same name says labels, account and ports that are not written here.
    """

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    account: Label | None = Field(None, description="Its service account, which is its identity.")
    calls: Annotated[tuple[Caller, ...], Several()] | None = Field(
        None, description="TCP and UDP services that it reaches by TULLE_<SERVICE>_ADDR; all if not given."
    )
    address: Address | None = Field(None, description="Where it already runs, if tulle does not run it: 10.0.0.5.")
    weight: PositiveWeight = Field(1, description="With address: its share of the calls.")
    network: Text = Field("", description="With address: the network that it is in.")
    sidecar: bool = Field(False, description="With address: whether a sidecar of this mesh stands there.")


def read(part: Written) -> Fragment:
    """One workload."""
    spec = part.validated(WorkloadSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    ports = read_ports(part, spec, None)
    _check(part, spec, ports)
    if part.findings:
        return Fragment(findings=tuple(part.findings))
    if spec.address is not None:
        return Fragment(objects=(_entry(part, spec, spec.address, ports),))
    return Fragment(workloads=(_workload(part, spec, ports),))


def _check(part: Written, spec: WorkloadSpec, ports: tuple[Port, ...]) -> None:
    if part.document.key.name.namespace == SYSTEM_NAMESPACE:
        part.error((), f'cannot be in the namespace "{SYSTEM_NAMESPACE}", which belongs to the mesh itself')
    if spec.command is None and spec.address is None:
        part.error((), "has neither command (to be run) nor address (where it runs)")
    if spec.command is not None and spec.address is not None:
        part.error(("address",), "cannot stand beside command: it is run here, or it is there")
    if spec.address is not None and split_address(spec.address)[1]:
        part.error(("address",), "has a port; write ports beside it")
    for field in ("weight", "network", "sidecar"):
        if field in spec.model_fields_set and spec.address is None:
            part.error((field,), "is only for workloads with address")
    if spec.unix_socket and len(ports) != 1:
        part.error(("unix_socket",), "needs exactly one port")
    if spec.command is not None:
        check_probe(part, ("ready",), spec.ready, ports)


def _workload(part: Written, spec: WorkloadSpec, ports: tuple[Port, ...]) -> Workload:
    name, command = part.document.key.name, spec.command
    assert command is not None
    return Workload(
        name=name,
        origin=part.origin,
        service=Name(name.namespace, canonical_name(spec.labels, name.name)),
        command=command_of(command),
        directory=absolute(part.document.folder, spec.directory),
        version=spec.labels.get("version", ""),
        account=spec.account or "",
        environment=tuple(spec.env.items()),
        ports=ports,
        replicas=spec.replicas,
        probe=spec.ready.model() if spec.ready is not None else Probe(),
        drain=spec.drain,
        calls=None if spec.calls is None else tuple(Name.parse(call, name.namespace) for call in spec.calls),
        calls_origin=part.at("calls") if spec.calls is not None else None,
        unix_socket=spec.unix_socket,
        own_labels=tuple(spec.labels.items()),
        is_bare=True,
        locality=Locality.parse(spec.locality) if spec.locality is not None else None,
    )


def _entry(part: Written, spec: WorkloadSpec, address: str, ports: tuple[Port, ...]) -> Entry:
    return Entry(
        name=part.document.key.name,
        origin=part.origin,
        address=split_address(address)[0],
        ports=tuple((port.name, port.number) for port in ports),
        labels=tuple(spec.labels.items()),
        account=spec.account or "",
        network=spec.network,
        locality=Locality.parse(spec.locality) if spec.locality is not None else None,
        weight=spec.weight,
        is_meshed=spec.sidecar,
    )


KIND = Kind(
    name="native/workload",
    noun="workload",
    section=("workloads",),
    shape=Shape.NAMED,
    schema=WorkloadSpec,
    read=read,
)
