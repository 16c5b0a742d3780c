"""`logging`: which requests of some workloads are logged, and where (Istio's Telemetry)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import Several, Spec, Text
from tulle.dialects.native.selecting import Selecting
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.extensions import AccessLogging, Direction, Telemetry
from tulle.model.mesh import Fragment


class AccessLogSpec(Spec):
    """Some requests, and where they are logged."""

    requests: Literal["any", "client", "server"] = Field(
        "any", description="client: calls of the workloads; server: calls to them, and requests at a gateway."
    )
    enabled: bool = Field(True, description="Whether they are logged at all.")
    to: Annotated[tuple[Text, ...], Several()] = Field((), description="Where: names of log providers.")
    filter: Text = Field("", description="Only those for which this CEL expression is true.")


class LoggingSpec(Selecting):
    """Which requests of some workloads are logged."""

    logs: Annotated[tuple[AccessLogSpec, ...], Several()] = Field((), description="What is logged.")


def read(part: Written) -> Fragment:
    """One policy."""
    spec = part.validated(LoggingSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name
    telemetry = Telemetry(
        name=name,
        origin=part.origin,
        selector=spec.selector,
        targets=spec.targets(name.namespace),
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
