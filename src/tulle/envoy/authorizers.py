"""External authorizers: how a proxy asks another service whether a request may pass."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.core.v3 import config_source_pb2, grpc_service_pb2, http_uri_pb2
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.filters.network.ext_authz.v3 import ext_authz_pb2 as network_pb2
from envoy.type.matcher.v3 import string_pb2
from envoy.type.v3 import http_status_pb2

from tulle.envoy import attributes, protos
from tulle.model.names import full_host
from tulle.model.routes import ExternalCheck

ExtAuthz: TypeAlias = ext_authz_pb2.ExtAuthz
StringMatcher: TypeAlias = string_pb2.StringMatcher
ListStringMatcher: TypeAlias = string_pb2.ListStringMatcher
KNOWN_STATUSES = frozenset(http_status_pb2.StatusCode.values())


def for_requests(check: ExternalCheck, cluster: str) -> ExtAuthz:
    """Asked about every request; the authorizer is found in this cluster."""
    message = ExtAuthz(
        transport_api_version=config_source_pb2.V3,
        failure_mode_allow=check.fails_open,
        status_on_error=http_status_pb2.HttpStatus(code=_known(check.refusal_status)),
    )
    if check.is_grpc:
        message.grpc_service.CopyFrom(_grpc(check, cluster))
    else:
        message.http_service.CopyFrom(_http(check, cluster))
    if check.request_headers:
        message.allowed_headers.CopyFrom(_names(check.request_headers))
    if check.max_body:
        message.with_request_body.max_request_bytes = check.max_body
        message.with_request_body.allow_partial_message = check.allows_partial_body
        message.with_request_body.pack_as_bytes = check.packs_raw_body
    return message


def for_connections(check: ExternalCheck, cluster: str) -> network_pb2.ExtAuthz | None:
    """Asked about every connection, where no requests are seen; None for authorizers that only know requests."""
    if not check.is_grpc:
        return None
    return network_pb2.ExtAuthz(
        stat_prefix="in",
        transport_api_version=config_source_pb2.V3,
        failure_mode_allow=check.fails_open,
        grpc_service=_grpc(check, cluster),
    )


def _grpc(check: ExternalCheck, cluster: str) -> grpc_service_pb2.GrpcService:
    # The name of a cluster cannot be an authority; Envoy would use it as one.
    target = grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=cluster, authority=_authority(check))
    service = grpc_service_pb2.GrpcService(envoy_grpc=target, timeout=protos.seconds(check.timeout))
    for name, value in check.added_headers:
        service.initial_metadata.add(key=name, value=protos.literal(value))
    return service


def _http(check: ExternalCheck, cluster: str) -> ext_authz_pb2.HttpService:
    service = ext_authz_pb2.HttpService(
        # Only the cluster of it counts: the request keeps its own host and path.
        server_uri=http_uri_pb2.HttpUri(
            uri=f"http://{_authority(check)}", cluster=cluster, timeout=protos.seconds(check.timeout)
        ),
        path_prefix=check.path_prefix,
    )
    for name, value in check.added_headers:
        service.authorization_request.headers_to_add.add(key=name, value=protos.literal(value))
    if check.response_headers:
        service.authorization_response.allowed_upstream_headers.CopyFrom(_names(check.response_headers))
    if check.refusal_headers:
        service.authorization_response.allowed_client_headers.CopyFrom(_names(check.refusal_headers))
    return service


def _authority(check: ExternalCheck) -> str:
    port = f":{check.backend.port}" if check.backend.port else ""
    return f"{full_host(check.backend.service)}{port}"


def _known(status: int) -> http_status_pb2.StatusCode.ValueType:
    """Envoy refuses a status that it has no name for."""
    return http_status_pb2.StatusCode.ValueType(status if status in KNOWN_STATUSES and status else 403)


def _names(patterns: tuple[str, ...]) -> ListStringMatcher:
    return ListStringMatcher(patterns=[attributes.text(each, ignore_case=True) for each in patterns])
