"""Another service is asked whether a request may pass (Envoy's external authorization)."""

from __future__ import annotations

from envoy.config.core.v3 import extension_pb2, grpc_service_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.http.composite.v3 import composite_pb2
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.type.matcher.v3 import string_pb2
from envoy.type.v3 import http_status_pb2
from google.protobuf.message import Message
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import naming, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, dormant
from tulle.model.names import full_host
from tulle.model.routes import ExternalCheck, RouteRule

NAME = "check"
KNOWN_STATUSES = frozenset(http_status_pb2.StatusCode.values())


def place(chain: Chain) -> HttpFilter | None:
    """Dormant where route rules decide.

    A route may name the service that Envoy asks, but not what follows when it does not answer. So each route brings
    the whole filter along, and what stands in the chain (a composite filter) is only its place.
    """
    if not chain.side.has_rules:
        return None
    whole = extension_matcher_pb2.ExtensionWithMatcher(
        xds_matcher=matcher_pb2.Matcher(), extension_config=_named(composite_pb2.Composite())
    )
    return dormant(NAME, whole)


def ask(rule: RouteRule) -> extension_matcher_pb2.ExtensionWithMatcherPerRoute | None:
    """Who is asked for one route rule; the port of its backend is the number that the cluster has."""
    if rule.check is None:
        return None
    backend = rule.check.backend
    asked = ext_authz(rule.check, naming.cluster(backend.service, backend.port or 0, backend.subset))
    action = composite_pb2.ExecuteFilterAction(typed_config=_named(asked))
    always = matcher_pb2.Matcher(on_no_match=matcher_pb2.Matcher.OnMatch(action=_action(action)))
    return extension_matcher_pb2.ExtensionWithMatcherPerRoute(xds_matcher=always)


def ext_authz(check: ExternalCheck, cluster: str) -> ext_authz_pb2.ExtAuthz:
    """The filter that asks, as Envoy has it."""
    message = ext_authz_pb2.ExtAuthz(
        transport_api_version="V3",
        failure_mode_allow=check.fails_open,
        status_on_error=http_status_pb2.HttpStatus(code=_known(check.refusal_status)),
    )
    if check.request_headers:
        message.allowed_headers.patterns.extend(map(header_pattern, check.request_headers))
    if check.max_body:
        message.with_request_body.max_request_bytes = check.max_body
        message.with_request_body.allow_partial_message = check.allows_partial_body
        message.with_request_body.pack_as_bytes = check.packs_raw_body
    if check.is_grpc:
        _ask_grpc(check, cluster, message.grpc_service)
    else:
        _ask_http(check, cluster, message.http_service)
    return message


def header_pattern(name: str) -> string_pb2.StringMatcher:
    """A name of a header, `prefix*`, `*suffix` or `*`."""
    if name == "*":
        return string_pb2.StringMatcher(safe_regex=protos.regex(".*"))
    if name.endswith("*"):
        return string_pb2.StringMatcher(prefix=name[:-1], ignore_case=True)
    if name.startswith("*"):
        return string_pb2.StringMatcher(suffix=name[1:], ignore_case=True)
    return string_pb2.StringMatcher(exact=name, ignore_case=True)


def _ask_grpc(check: ExternalCheck, cluster: str, message: grpc_service_pb2.GrpcService) -> None:
    message.envoy_grpc.cluster_name = cluster
    message.envoy_grpc.authority = full_host(check.backend.service)
    message.timeout.CopyFrom(protos.seconds(check.timeout))
    for name, value in check.added_headers:
        message.initial_metadata.add(key=name, value=protos.literal(value))


def _ask_http(check: ExternalCheck, cluster: str, message: ext_authz_pb2.HttpService) -> None:
    message.server_uri.uri, message.server_uri.cluster = f"http://{full_host(check.backend.service)}", cluster
    message.server_uri.timeout.CopyFrom(protos.seconds(check.timeout))
    message.path_prefix = check.path_prefix
    for name, value in check.added_headers:
        message.authorization_request.headers_to_add.add(key=name, value=protos.literal(value))
    answer = message.authorization_response
    if check.response_headers:
        answer.allowed_upstream_headers.patterns.extend(map(header_pattern, check.response_headers))
    if check.refusal_headers:
        answer.allowed_client_headers.patterns.extend(map(header_pattern, check.refusal_headers))


def _known(status: int) -> http_status_pb2.StatusCode.ValueType:
    """Envoy refuses a status that it has no name for."""
    return http_status_pb2.StatusCode.ValueType(status if status in KNOWN_STATUSES and status else 403)


def _named(content: Message) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(name=NAME, typed_config=protos.packed(content))


def _action(content: Message) -> xds_extension_pb2.TypedExtensionConfig:
    return xds_extension_pb2.TypedExtensionConfig(name=NAME, typed_config=protos.packed(content))


FILTER = Filter(name=NAME, phase=Phase.AUTHORIZE, place=place, ask=ask)
