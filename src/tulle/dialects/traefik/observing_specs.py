"""What is told of requests, as it is written: access log, metrics, traces."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from tulle.dialects.objects import Refused
from tulle.dialects.traefik.middleware_specs import ClientTlsSpec
from tulle.dialects.traefik.values import (
    Count,
    Flag,
    Number,
    Numbers,
    Present,
    Seconds,
    Text,
    TextMap,
    Texts,
    TraefikSpec,
)

Mode = Literal["keep", "drop", "redact"]
NO_OTLP = Refused("has no effect: nothing is sent to OpenTelemetry but traces; a collector can read files")
BUFFERED = "has no effect: lines are written in blocks anyway, after a tenth of a second at the latest"


class AnythingSpec(TraefikSpec):
    """What is taken as it is, since nothing comes of it."""

    model_config = ConfigDict(extra="allow")


class GrpcCollectorSpec(TraefikSpec):
    """A collector of OpenTelemetry, by gRPC."""

    endpoint: Text = Field("localhost:4317", description="Its host and port.")
    insecure: Flag = Field(False, description="Whether it is called without TLS.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")
    headers: TextMap = Field({}, description="Sent with everything.")


class HttpCollectorSpec(TraefikSpec):
    """A collector of OpenTelemetry, by HTTP."""

    endpoint: Text = Field("https://localhost:4318", description="Its URL.")
    tls: ClientTlsSpec | None = Field(None, description="TLS.")
    headers: TextMap = Field({}, description="Sent with everything.")


class CollectorSpec(TraefikSpec):
    """A collector of OpenTelemetry."""

    grpc: Annotated[GrpcCollectorSpec | None, Present] = Field(None, description="By gRPC.")
    http: Annotated[HttpCollectorSpec | None, Present] = Field(None, description="By HTTP.")


class LogFiltersSpec(TraefikSpec):
    """Which requests are logged: those that meet any of these."""

    status_codes: Texts = Field((), description="Statuses, and ranges such as 500-599.")
    retry_attempts: Flag = Field(False, description="Those that were sent more than once.")
    min_duration: Seconds = Field(0.0, description="Those that took longer.")


class HeaderFieldsSpec(TraefikSpec):
    """Which headers are logged."""

    default_mode: Mode = Field("drop", description="Those without a name here.")
    names: dict[str, Mode] = Field({}, description="By name.")


class QueryFieldsSpec(TraefikSpec):
    """Whether queries are logged."""

    default_mode: Literal["keep", "drop"] = Field("keep", description="Whether.")


class LogFieldsSpec(TraefikSpec):
    """What is logged of a request."""

    default_mode: Literal["keep", "drop"] = Field("keep", description="Fields without a name here.")
    names: dict[str, Mode] = Field({}, description="By name.")
    headers: HeaderFieldsSpec | None = Field(None, description="Headers.")
    query_parameters: QueryFieldsSpec | None = Field(None, description="Queries.")


class AccessLogSpec(TraefikSpec):
    """A line for each request."""

    file_path: Text = Field("", description="Where; empty: the output of the gateway (`tulle logs gateway`).")
    format: Literal["common", "json", "genericCLF"] = Field("common", description="How.")
    filters: LogFiltersSpec | None = Field(None, description="Which requests.")
    fields_: LogFieldsSpec | None = Field(None, alias="fields", description="What is logged of them.")
    buffering_size: Annotated[Count, Refused(BUFFERED, unless=(0,))] = Field(0, description="Lines in a block.")
    add_internals: Flag = Field(False, description="Whether requests for the API, `ping` and the like are logged.")
    otlp: Annotated[AnythingSpec | None, Present, NO_OTLP] = Field(None, description="A collector.")
    dual_output: Annotated[Flag, Refused("has no effect without OpenTelemetry", unless=(False,))] = Field(
        False, description="Whether a file is written beside that."
    )


class PrometheusSpec(TraefikSpec):
    """Metrics for Prometheus."""

    entry_point: Text = Field("traefik", description="Where it asks for /metrics.")
    manual_routing: Flag = Field(False, description="Only by routers to `prometheus@internal`.")
    add_entry_points_labels: Flag = Field(True, description="Whether requests are counted by entry points.")
    add_routers_labels: Flag = Field(False, description="Whether requests are counted by routers.")
    add_services_labels: Flag = Field(True, description="Whether requests are counted by services.")
    buckets: Annotated[
        Numbers, Refused("has no effect: the buckets are those of Envoy", unless=((0.1, 0.3, 1.2, 5.0),))
    ] = Field((0.1, 0.3, 1.2, 5.0), description="Seconds.")
    header_labels: TextMap = Field({}, description="Labels, and the headers of requests that they are made of.")


ELSEWHERE = Refused("has no effect: metrics are asked for, not sent; write `prometheus` and let a collector ask")


class MetricsSpec(TraefikSpec):
    """Numbers about requests."""

    add_internals: Flag = Field(False, description="Whether requests for the API, `ping` and the like are counted.")
    prometheus: Annotated[PrometheusSpec | None, Present] = Field(None, description="For Prometheus.")
    datadog: Annotated[AnythingSpec | None, Present, ELSEWHERE] = Field(None, description="To Datadog.")
    stats_d: Annotated[AnythingSpec | None, Present, ELSEWHERE] = Field(None, alias="statsD", description="To StatsD.")
    influx_db2: Annotated[AnythingSpec | None, Present, ELSEWHERE] = Field(
        None, alias="influxDB2", description="To InfluxDB."
    )
    otlp: Annotated[AnythingSpec | None, Present, ELSEWHERE] = Field(None, description="To a collector.")


class TracingSpec(TraefikSpec):
    """Traces of requests."""

    service_name: Text = Field("traefik", description="What the gateway is called.")
    sample_rate: Annotated[Number, Field(ge=0, le=1)] = Field(
        1.0, description="The share of requests that is traced, from 0 to 1."
    )
    otlp: Annotated[CollectorSpec | None, Present] = Field(None, description="Where they are sent.")
    resource_attributes: TextMap = Field({}, description="Said of all of them.")
    global_attributes: TextMap = Field({}, description="No longer used: resourceAttributes.")
    captured_request_headers: Texts = Field((), description="Headers of requests that are told.")
    captured_response_headers: Texts = Field((), description="Headers of answers that are told.")
    safe_query_params: Annotated[Texts, Refused("has no effect: queries are told as they are")] = Field(
        (), description="Parameters that are told."
    )
    add_internals: Flag = Field(False, description="Whether requests for the API, `ping` and the like are traced.")


class LogSpec(TraefikSpec):
    """The log of the program."""

    level: Annotated[
        Text, Refused("has no effect: TULLE_LOG_LEVEL says how much the control plane logs", unless=("ERROR",))
    ] = Field("ERROR", description="How much.")
    format: Annotated[
        Literal["common", "json"],
        Refused("has no effect: `tulle logs` shows lines for people, its -o json others", unless=("common",)),
    ] = Field("common", description="How.")
    file_path: Annotated[
        Text, Refused("has no effect: logs are below TULLE_HOME, `tulle logs plane` shows them", unless=("",))
    ] = Field("", description="Where.")
    no_color: Flag = Field(False, description="Never any.")
    max_size: Annotated[Count, Refused("has no effect: logs are set aside at 16 MB", unless=(0,))] = Field(
        0, description="Megabytes."
    )
    max_age: Annotated[Count, Refused("has no effect: logs are set aside at 16 MB", unless=(0,))] = Field(
        0, description="Days."
    )
    max_backups: Annotated[Count, Refused("has no effect: one old log is kept", unless=(0,))] = Field(
        0, description="Old files."
    )
    compress: Annotated[Flag, Refused("has no effect: old logs are kept as they are", unless=(False,))] = Field(
        False, description="Old files."
    )
    otlp: Annotated[AnythingSpec | None, Present, NO_OTLP] = Field(None, description="A collector.")
