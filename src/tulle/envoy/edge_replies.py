"""What an entry point of routers answers itself: byte for byte as Traefik and Go's HTTP server do."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2, substitution_format_string_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tulle.envoy import clusters, naming, protos

LocalReplyConfig: TypeAlias = http_connection_manager_pb2.LocalReplyConfig
ResponseMapper: TypeAlias = http_connection_manager_pb2.ResponseMapper
PLAIN = "text/plain; charset=utf-8"
NOT_FOUND, UNAVAILABLE = "404 page not found\n", "no available server\n"
NO_SNIFF = "X-Content-Type-Options"
UNTYPED = "x-tulle-untyped"
"""Header of answers, on their way to the filter that takes their type away (`filters.untyped`)."""
FAILED_OVER = f"xds.cluster_name.startsWith('{naming.FAILOVER}')"
NAMED = f"xds.cluster_metadata.filter_metadata['{clusters.EDGE}']['{clusters.NAMED}'] == true"
NOT_BELIEVED = "upstream.transport_failure_reason.startsWith('TLS_error')"
FAILURES = (
    (("UH",), 503, UNAVAILABLE),
    (("NC",), 503, UNAVAILABLE),
    (("UF", "UC", "UR", "UPE"), 502, "Bad Gateway"),
    (("UT", "SI", "UMSDR"), 504, "Gateway Timeout"),
    (("UO",), 503, "Service Unavailable"),
)
"""By Envoy's response flags; the first that fits."""
SPECIAL = (
    (FAILED_OVER, ("UH",), 503, "Service Unavailable\n"),
    (NAMED, ("UH",), 502, "Bad Gateway"),
    (NOT_BELIEVED, ("UF",), 500, "Internal Server Error"),
)
"""The same where something else holds, too."""
CODE_DETAILS = "response.code_details"
DETAILED = (
    ("local_rate_limited", 429, "Too Many Requests"),
    ("request_payload_too_large", 413, "Request Entity Too Large"),
    ("request_overall_timeout", 504, "Gateway Timeout"),
    ("http1.unexpected_underscore", 400, "Bad Request\n"),
)
"""By what Envoy calls its reason."""
UNREADABLE = (
    (f"{CODE_DETAILS} == 'missing_host_header'", 400, "400 Bad Request: missing required Host header"),
    (f"{CODE_DETAILS} == 'http.invalid_authority'", 400, "400 Bad Request: malformed Host header"),
    (f"{CODE_DETAILS}.endsWith('headers_too_large')", 431, "431 Request Header Fields Too Large"),
    (f"{CODE_DETAILS}.endsWith('too_many_headers')", 431, "431 Request Header Fields Too Large"),
    (f"{CODE_DETAILS} == 'http1.invalid_transfer_encoding'", 501, "Unsupported transfer encoding"),
    (f"{CODE_DETAILS}.startsWith('http1.')", 400, "400 Bad Request"),
)
"""By what Envoy found in something that is no request: what Go's server says, which is never more than a line."""


def nothing_found() -> route_components_pb2.Route:
    """For requests that no router is for; the match is still missing."""
    return route_components_pb2.Route(
        direct_response=route_components_pb2.DirectResponseAction(
            status=404, body=base_pb2.DataSource(inline_string=NOT_FOUND)
        ),
        response_headers_to_add=[protos.header("content-type", PLAIN), protos.header(NO_SNIFF, "nosniff")],
    )


def local_reply() -> LocalReplyConfig:
    """For what Envoy answers itself."""
    mappers = [*(_where(*each) for each in SPECIAL), *(_detailed(*each) for each in DETAILED)]
    mappers += [_mapper(*each) for each in FAILURES]
    return LocalReplyConfig(mappers=[*mappers, *(_unreadable(*each) for each in UNREADABLE)])


def _detailed(details: str, status: int, body: str) -> ResponseMapper:
    return _found(f"{CODE_DETAILS} == '{details}'", status, body)


def _unreadable(expression: str, status: int, body: str) -> ResponseMapper:
    """For what is no request."""
    message = _found(expression, status, body)
    message.ClearField("headers_to_add")
    message.body_format_override.content_type = PLAIN
    return message


def _found(expression: str, status: int, body: str) -> ResponseMapper:
    """Where something holds."""
    message = _answer(status, body)
    message.filter.CopyFrom(_holding(expression))
    return message


def _mapper(flags: tuple[str, ...], status: int, body: str) -> ResponseMapper:
    message = _answer(status, body)
    message.filter.response_flag_filter.flags.extend(flags)
    return message


def _where(expression: str, flags: tuple[str, ...], status: int, body: str) -> ResponseMapper:
    message = _mapper(flags, status, body)
    both = [message.filter, _holding(expression)]
    message.filter.CopyFrom(accesslog_pb2.AccessLogFilter(and_filter=accesslog_pb2.AndFilter(filters=both)))
    return message


def _holding(expression: str) -> accesslog_pb2.AccessLogFilter:
    config = cel_pb2.ExpressionFilter(expression=expression)
    condition = accesslog_pb2.ExtensionFilter(name="cel", typed_config=protos.packed(config))
    return accesslog_pb2.AccessLogFilter(extension_filter=condition)


def _answer(status: int, body: str) -> ResponseMapper:
    is_plain = body.endswith("\n")
    message = ResponseMapper(
        status_code=protos.number(status),
        body=base_pb2.DataSource(inline_string=body),
        body_format_override=substitution_format_string_pb2.SubstitutionFormatString(
            text_format_source=base_pb2.DataSource(inline_string="%LOCAL_REPLY_BODY%"),
            content_type=PLAIN if is_plain else "",
        ),
    )
    message.headers_to_add.append(protos.header(NO_SNIFF, "nosniff") if is_plain else protos.header(UNTYPED, "yes"))
    return message
