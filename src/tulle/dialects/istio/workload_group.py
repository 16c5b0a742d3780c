"""`WorkloadGroup`: what workloads of a name have in common. How they run and are probed says the native file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import PortNumber
from tulle.dialects.istio.values import GROUP, VERSIONS, Unsigned
from tulle.dialects.objects import Items, Object, ObjectKind, ObjectSpec, Refused, Strings, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.workloads import Template


class GroupMetadata(ObjectSpec):
    """What each workload gets."""

    labels: Strings = Field(description="Labels.")
    annotations: Strings = Field(description="Notes; they mean nothing here.")


class GroupTemplate(ObjectSpec):
    """What the workloads have in common; their addresses are their own."""

    address: Annotated[str, Refused("has no effect: each workload has its own", unless=("",))] = Field(
        "", description="An address."
    )
    ports: dict[str, PortNumber] = Field(default_factory=dict, description="Ports, by their names.")
    labels: Strings = Field(description="Labels.")
    network: Annotated[str, Refused("has no effect: workloads that run here are in one network", unless=("",))] = Field(
        "", description="The network that they are in."
    )
    locality: Annotated[str, Refused("has no effect: the host of a workload says where it is", unless=("",))] = Field(
        "", description="region/zone/subzone."
    )
    weight: Annotated[Unsigned, Refused("has no effect: all instances count the same", unless=(0, 1))] = Field(
        0, description="Their share."
    )
    service_account: str = Field("", description="Their service account.")


class HttpHeader(ObjectSpec):
    """A header of a probe."""

    name: str = Field("", description="Its name.")
    value: str = Field("", description="Its value.")


class HttpProbe(ObjectSpec):
    """A request that must be answered 200 to 399."""

    path: str = Field("", description="The path.")
    port: PortNumber = Field(description="The port.")
    host: str = Field("", description="The host.")
    scheme: str = Field("", description="HTTP or HTTPS.")
    http_headers: Items[HttpHeader] = Field((), description="Headers.")


class TcpProbe(ObjectSpec):
    """A connection that must be accepted."""

    host: str = Field("", description="The host.")
    port: PortNumber = Field(description="The port.")


class GrpcProbe(ObjectSpec):
    """A gRPC health check."""

    port: PortNumber | None = Field(None, description="The port.")
    service: str = Field("", description="The service that is asked about.")


class ExecProbe(ObjectSpec):
    """A command that must succeed."""

    command: Items[str] = Field((), description="The command and its arguments.")


class GroupProbe(ObjectSpec):
    """How to find out that a workload is ready."""

    initial_delay_seconds: int = Field(0, description="Before the first.")
    timeout_seconds: int = Field(1, description="How long an answer may take.")
    period_seconds: int = Field(10, description="How often.")
    success_threshold: int = Field(1, description="Successes in a row until it is ready.")
    failure_threshold: int = Field(3, description="Failures in a row until it is not.")
    http_get: HttpProbe | None = Field(None, description="By a request.")
    tcp_socket: TcpProbe | None = Field(None, description="By a connection.")
    exec_: ExecProbe | None = Field(None, alias="exec", description="By a command.")
    grpc: GrpcProbe | None = Field(None, description="By gRPC.")


class WorkloadGroupSpec(ObjectSpec):
    """What workloads of a name have in common."""

    metadata: GroupMetadata | None = Field(None, description="Labels and annotations that each of them gets.")
    template: GroupTemplate = Field(description="What they have in common.")
    probe: Annotated[
        GroupProbe | None, Refused("has no effect: the file that runs the workload says how it is probed")
    ] = Field(None, description="How to find out that one is ready.")


class WorkloadGroup(Object):
    """What workloads of a name have in common."""

    spec: WorkloadGroupSpec = Field(description="What they have in common.")


def read(part: Written) -> Fragment:
    """One WorkloadGroup."""
    found = validated(part, WorkloadGroup)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    labels = {**(spec.metadata.labels if spec.metadata is not None else {}), **spec.template.labels}
    template = Template(
        name=part.document.key.name,
        origin=part.origin,
        kind=part.document.key.kind.rpartition("/")[2],
        labels=labels_of(labels),
        account=spec.template.service_account,
        ports=tuple(sorted(spec.template.ports.items())),
    )
    return Fragment(objects=(template,), findings=tuple(part.findings))


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="WorkloadGroup",
    schema=WorkloadGroup,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/workload-group/",
)
