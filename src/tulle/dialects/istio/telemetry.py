"""`Telemetry`: what workloads tell about their requests. Access logs are real; metrics and traces are to come."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Duration, Percent
from tulle.dialects.istio.selection import Attached, labels, targets
from tulle.dialects.objects import Items, Object, ObjectKind, ObjectSpec, Refused, validated
from tulle.dialects.written import Written
from tulle.model.extensions import AccessLogging, Direction, Telemetry
from tulle.model.mesh import Fragment


class Mode(StrEnum):
    """Which side of a workload is meant."""

    CLIENT_AND_SERVER = "CLIENT_AND_SERVER"
    CLIENT = "CLIENT"
    SERVER = "SERVER"

    @property
    def direction(self) -> Direction:
        """As the model says it."""
        return {Mode.CLIENT: Direction.CLIENT, Mode.SERVER: Direction.SERVER}.get(self, Direction.ANY)


class ProviderRef(ObjectSpec):
    """A provider of the mesh."""

    name: str = Field(min_length=1, description="Name of one of the mesh's `extensionProviders`, or `envoy`.")


class ModeSelector(ObjectSpec):
    """Which requests are meant."""

    mode: Mode = Field(Mode.CLIENT_AND_SERVER, strict=False, description="Calls of the workload, calls to it, or both.")


class LogFilter(ObjectSpec):
    """A condition on what is logged."""

    expression: str = Field(min_length=1, description="CEL expression, such as `response.code >= 400`.")


class AccessLoggingSpec(ObjectSpec):
    """Whether and where requests are logged."""

    match: ModeSelector | None = Field(None, description="Which requests are meant.")
    providers: Items[ProviderRef] = Field((), description="Where they are logged; without: the mesh's default.")
    disabled: bool | None = Field(None, description="Whether nothing is logged.")
    filter: LogFilter | None = Field(None, description="Which of them are logged.")


class Literal(ObjectSpec):
    """A fixed value."""

    value: str = Field(description="The value.")


class Environment(ObjectSpec):
    """A value of the environment of the proxy."""

    name: str = Field(description="Name of the variable.")
    default_value: str = Field("", description="The value if there is none.")


class RequestHeader(ObjectSpec):
    """A value of a header."""

    name: str = Field(description="Name of the header.")
    default_value: str = Field("", description="The value if there is none.")


class Formatter(ObjectSpec):
    """A value in Envoy's format of access logs."""

    value: str = Field(description="The format, such as `%REQ(:path)%`.")


class CustomTag(ObjectSpec):
    """A tag of spans."""

    literal: Literal | None = Field(None, description="A fixed value.")
    environment: Environment | None = Field(None, description="A variable of the proxy.")
    header: RequestHeader | None = Field(None, description="A header of the request.")
    formatter: Formatter | None = Field(None, description="Anything that access logs can say.")


class Tracing(ObjectSpec):
    """Which requests are traced."""

    match: ModeSelector | None = Field(None, description="Which requests are meant.")
    providers: Items[ProviderRef] = Field((), description="Where spans are sent.")
    random_sampling_percentage: Percent | None = Field(None, description="Share of requests that are traced.")
    disable_span_reporting: bool | None = Field(None, description="Whether no spans are sent.")
    custom_tags: dict[str, CustomTag] = Field(default_factory=dict, description="Tags of spans.")
    use_request_id_for_trace_sampling: bool | None = Field(None, description="Whether `x-request-id` decides.")
    enable_istio_tags: bool | None = Field(None, description="Whether spans have the tags of Istio.")
    disable_context_propagation: bool | None = Field(None, description="Whether trace headers are not passed on.")


class Metric(StrEnum):
    """Istio's metrics."""

    ALL_METRICS = "ALL_METRICS"
    REQUEST_COUNT = "REQUEST_COUNT"
    REQUEST_DURATION = "REQUEST_DURATION"
    REQUEST_SIZE = "REQUEST_SIZE"
    RESPONSE_SIZE = "RESPONSE_SIZE"
    TCP_OPENED_CONNECTIONS = "TCP_OPENED_CONNECTIONS"
    TCP_CLOSED_CONNECTIONS = "TCP_CLOSED_CONNECTIONS"
    TCP_SENT_BYTES = "TCP_SENT_BYTES"
    TCP_RECEIVED_BYTES = "TCP_RECEIVED_BYTES"
    GRPC_REQUEST_MESSAGES = "GRPC_REQUEST_MESSAGES"
    GRPC_RESPONSE_MESSAGES = "GRPC_RESPONSE_MESSAGES"


class MetricSelector(ModeSelector):
    """Which metrics are meant."""

    metric: Annotated[Metric, Field(strict=False)] | None = Field(
        None, description="One of Istio's metrics, or ALL_METRICS."
    )
    custom_metric: str = Field("", description="Another metric by its name.")


class TagOperation(StrEnum):
    """What happens to a tag."""

    UPSERT = "UPSERT"
    REMOVE = "REMOVE"


class TagOverride(ObjectSpec):
    """A change to one tag of a metric."""

    operation: TagOperation = Field(TagOperation.UPSERT, strict=False, description="UPSERT or REMOVE.")
    value: str = Field("", description="CEL expression of its value.")


class MetricsOverride(ObjectSpec):
    """A change to some metrics."""

    match: MetricSelector | None = Field(None, description="Which metrics are meant.")
    disabled: bool | None = Field(None, description="Whether they are not made.")
    tag_overrides: dict[str, TagOverride] = Field(default_factory=dict, description="Changes to their tags.")


class Metrics(ObjectSpec):
    """Which metrics are made."""

    providers: Items[ProviderRef] = Field((), description="For whom.")
    overrides: Items[MetricsOverride] = Field((), description="Changes, in order.")
    reporting_interval: Duration | None = Field(None, description="Time between two reports.")


class TelemetrySpec(Attached):
    """What some workloads tell about their requests."""

    access_logging: Items[AccessLoggingSpec] = Field((), description="Whether and where requests are logged.")
    tracing: Annotated[
        Items[Tracing],
        Refused("has no effect yet: proxies send no spans; trace headers pass through them unchanged", ((),)),
    ] = Field((), description="Which requests are traced.")
    metrics: Annotated[
        Items[Metrics], Refused("has no effect yet: proxies keep Envoy's own statistics, not Istio's metrics", ((),))
    ] = Field((), description="Which metrics are made.")


class TelemetryObject(Object):
    """What some workloads tell about their requests."""

    spec: TelemetrySpec | None = Field(None, description="The policy.")


def read(part: Written) -> Fragment:
    """One policy."""
    found = validated(part, TelemetryObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec or TelemetrySpec.model_validate({})
    for index, each in enumerate(spec.access_logging):
        if each.disabled and each.filter is not None:
            path = ("spec", "accessLogging", index, "filter")
            part.warning(path, "has no effect beside disabled: true; nothing is logged")
    telemetry = Telemetry(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels(spec),
        selector_origin=part.at("spec", "selector"),
        targets=targets(part, spec),
        access_logging=tuple(_logging(part, index, each) for index, each in enumerate(spec.access_logging)),
    )
    return Fragment(objects=(telemetry,), findings=tuple(part.findings))


def _logging(part: Written, index: int, written: AccessLoggingSpec) -> AccessLogging:
    return AccessLogging(
        direction=written.match.mode.direction if written.match else Direction.ANY,
        is_disabled=bool(written.disabled),
        providers=tuple(each.name for each in written.providers),
        filter=written.filter.expression if written.filter else "",
        origin=part.at("spec", "accessLogging", index),
    )


KIND = ObjectKind(
    group="telemetry.istio.io",
    versions=("v1", "v1alpha1"),
    kind="Telemetry",
    schema=TelemetryObject,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/telemetry/",
)
