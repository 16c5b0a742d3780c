"""Traces of the requests of entry points, sent to a collector of OpenTelemetry."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.core.v3 import base_pb2, extension_pb2, grpc_service_pb2, http_service_pb2, http_uri_pb2
from envoy.config.trace.v3 import http_tracer_pb2, opentelemetry_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.request_id.uuid.v3 import uuid_pb2
from envoy.extensions.tracers.opentelemetry.resource_detectors.v3 import static_config_resource_detector_pb2
from envoy.extensions.tracers.opentelemetry.samplers.v3 import (
    parent_based_sampler_pb2,
    trace_id_ratio_based_sampler_pb2,
)
from envoy.type.tracing.v3 import custom_tag_pb2
from envoy.type.v3 import percent_pb2
from google.protobuf import message

from tulle.envoy import protos
from tulle.model.observing import RequestTraces

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
Extension: TypeAlias = extension_pb2.TypedExtensionConfig
COLLECTOR = "collector"
"""What its cluster is found by in a chain."""
PATIENCE = 5.0
MILLION = 1_000_000


def trace(manager: Manager, wanted: RequestTraces, cluster: str) -> None:
    """Make a connection manager trace its requests."""
    tracing = manager.tracing
    tracing.provider.CopyFrom(_provider(wanted, cluster))
    tracing.spawn_upstream_span.value = True
    # The sampler decides. Envoy would do that by the id of a request, and requests have none here.
    ids = uuid_pb2.UuidRequestIdConfig(
        pack_trace_reason=protos.flag(False), use_request_id_for_trace_sampling=protos.flag(False)
    )
    manager.request_id_extension.typed_config.CopyFrom(protos.packed(ids))
    for name in wanted.request_headers:
        tag = f"http.request.header.{name.lower()}"
        tracing.custom_tags.append(custom_tag_pb2.CustomTag(tag=tag, value=f"%REQUEST_HEADER({name})%"))
    for name in wanted.response_headers:
        tag = f"http.response.header.{name.lower()}"
        tracing.custom_tags.append(custom_tag_pb2.CustomTag(tag=tag, value=f"%RESPONSE_HEADER({name})%"))


def _provider(wanted: RequestTraces, cluster: str) -> http_tracer_pb2.Tracing.Http:
    config = opentelemetry_pb2.OpenTelemetryConfig(service_name=wanted.service_name, sampler=_sampler(wanted.share))
    if wanted.path:
        uri = http_uri_pb2.HttpUri(
            uri=f"http://{wanted.authority}{wanted.path}", cluster=cluster, timeout=protos.seconds(PATIENCE)
        )
        config.http_service.CopyFrom(http_service_pb2.HttpService(http_uri=uri))
        for name, value in wanted.headers:
            config.http_service.request_headers_to_add.append(protos.header(name, value))
    else:
        grpc = grpc_service_pb2.GrpcService(timeout=protos.seconds(PATIENCE))
        grpc.envoy_grpc.cluster_name = cluster
        grpc.envoy_grpc.authority = wanted.authority
        grpc.initial_metadata.extend(base_pb2.HeaderValue(key=name, value=value) for name, value in wanted.headers)
        config.grpc_service.CopyFrom(grpc)
    if wanted.attributes:
        attributes = static_config_resource_detector_pb2.StaticConfigResourceDetectorConfig(
            attributes=dict(wanted.attributes)
        )
        config.resource_detectors.append(_extension("resource_detectors.static_config", attributes))
    return http_tracer_pb2.Tracing.Http(name="opentelemetry", typed_config=protos.packed(config))


def _sampler(share: float) -> Extension:
    """Whoever called decides; of those who say nothing, a share is traced."""
    percentage = percent_pb2.FractionalPercent(
        numerator=round(share * MILLION), denominator=percent_pb2.FractionalPercent.MILLION
    )
    ratio = trace_id_ratio_based_sampler_pb2.TraceIdRatioBasedSamplerConfig(sampling_percentage=percentage)
    parent = parent_based_sampler_pb2.ParentBasedSamplerConfig(
        wrapped_sampler=_extension("samplers.trace_id_ratio_based", ratio)
    )
    return _extension("samplers.parent_based", parent)


def _extension(name: str, config: message.Message) -> Extension:
    return Extension(name=f"envoy.tracers.opentelemetry.{name}", typed_config=protos.packed(config))
