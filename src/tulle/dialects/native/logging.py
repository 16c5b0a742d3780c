"""`logging`: which requests of some workloads are logged, and where (Istio's Telemetry)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tulle.dialects.fields import Label, Several, Spec, Text, refuse
from tulle.dialects.native.kind import Kind, Shape
from tulle.dialects.native.running import LabelMap
from tulle.dialects.written import Written
from tulle.model.extensions import AccessLogging, Direction, Telemetry
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import Target


class AccessLogSpec(Spec):
    """Some requests, and where they are logged."""

    requests: Literal["any", "client", "server"] = Field(
        "any", description="client: calls of the workloads; server: calls to them, and requests at a gateway."
    )
    enabled: bool = Field(True, description="Whether they are logged at all.")
    to: Annotated[tuple[Text, ...], Several()] = Field((), description="Where: names of log providers.")
    filter: Text = Field("", description="Only those for which this CEL expression is true.")


class LoggingSpec(Spec):
    """Which requests of some workloads are logged."""

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    labels: LabelMap = Field(
        default_factory=dict, description="The workloads that it is for; all of its namespace if not given."
    )
    services: Annotated[tuple[Label, ...], Several()] = Field((), description="Instead: services of its namespace.")
    logs: Annotated[tuple[AccessLogSpec, ...], Several()] = Field((), description="What is logged.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.labels and self.services:
            refuse("takes only one of labels, services")
        return self


def read(part: Written) -> Fragment:
    """One policy."""
    spec = part.validated(LoggingSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name
    telemetry = Telemetry(
        name=name,
        origin=part.origin,
        selector=tuple(sorted(spec.labels.items())),
        targets=tuple(Target(kind="Service", name=Name(name.namespace, service)) for service in spec.services),
        access_logging=tuple(
            AccessLogging(
                direction=Direction(each.requests),
                is_disabled=not each.enabled,
                providers=each.to,
                filter=each.filter,
            )
            for each in spec.logs
        ),
    )
    return Fragment(objects=(telemetry,))


KIND = Kind(
    name="native/logging",
    noun="logging",
    section=("logging",),
    shape=Shape.NAMED,
    schema=LoggingSpec,
    read=read,
)
