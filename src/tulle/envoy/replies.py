"""What proxies answer themselves, and why: every such answer carries `x-tulle-reason`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tulle.envoy import naming, protos

ResponseMapper: TypeAlias = http_connection_manager_pb2.ResponseMapper
DETAILS = "%RESPONSE_CODE_DETAILS%"
CLUSTER = "%UPSTREAM_CLUSTER%"
REASONS = (
    (("UH",), f"no instance of {CLUSTER} is healthy, or its name has no address"),
    (("NC",), "the service that the route points to does not exist, or this caller may not call it"),
    (("NR",), "no route matches the request"),
    (("UO",), f"the circuit breaker of {CLUSTER} is open"),
    (("UF",), f"connection to an instance of {CLUSTER} failed: {DETAILS}"),
    (("UC", "UR"), f"{CLUSTER} broke off before it had answered: {DETAILS}"),
    (("UT", "UPE", "UMSDR"), f"no good answer from {CLUSTER}: {DETAILS}"),
    (("UAEX",), "the service that is asked before did not let the request pass, or could not be asked"),
    (("FI",), "a fault was injected on purpose"),
)
"""By Envoy's response flags; the first that fits."""
LONGEST_REASON = 1000
MARKS = {("UF",): naming.UNSENT_HEADER, ("UC", "UR"): naming.LOST_HEADER}
"""What the proxy of the callee tells that of the caller, who only sees a 503."""


def local_reply(
    *, marks_failures: bool = False, refusals: Iterable[tuple[accesslog_pb2.AccessLogFilter, str]] = ()
) -> http_connection_manager_pb2.LocalReplyConfig:
    """Reasons for the answers that Envoy makes up itself; looked at only then, so free for every other answer.

    `marks_failures` tells the calling proxy which requests the application has not seen, and which it did not answer;
    `refusals` are further reasons, which count before all others.
    """
    mappers = [_mapper(condition, _reason(text)) for condition, text in refusals]
    for flags, text in REASONS:
        headers = [_reason(text)]
        if marks_failures and flags in MARKS:
            headers.append(base_pb2.HeaderValueOption(header=base_pb2.HeaderValue(key=MARKS[flags], value="1")))
        mappers.append(_mapper(_flags(*flags), *headers))
    mappers.append(_mapper(_flags(), _reason(DETAILS)))
    return http_connection_manager_pb2.LocalReplyConfig(mappers=mappers)


def respond(status: int, reason: str) -> route_components_pb2.Route:
    """The part of a route that answers at once, with a reason; the match is still missing."""
    # It may quote names that somebody wrote, which have no end.
    reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}..."
    return route_components_pb2.Route(
        direct_response=route_components_pb2.DirectResponseAction(
            status=status, body=base_pb2.DataSource(inline_string=f"{reason}\n")
        ),
        response_headers_to_add=[protos.header(naming.REASON_HEADER, protos.literal(reason))],
    )


def everything(answer: route_components_pb2.Route) -> list[route_components_pb2.Route]:
    """The same answer for every request, CONNECT included (which has no path)."""
    plain, tunnel = route_components_pb2.Route(), route_components_pb2.Route()
    plain.CopyFrom(answer)
    plain.match.prefix = "/"
    tunnel.CopyFrom(answer)
    tunnel.match.connect_matcher.SetInParent()
    return [plain, tunnel]


def _mapper(condition: accesslog_pb2.AccessLogFilter, *headers: base_pb2.HeaderValueOption) -> ResponseMapper:
    return ResponseMapper(filter=condition, headers_to_add=headers)


def _reason(text: str) -> base_pb2.HeaderValueOption:
    """The header, unless a route gave its own reason."""
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=naming.REASON_HEADER, value=text),
        append_action=base_pb2.HeaderValueOption.ADD_IF_ABSENT,
    )


def _flags(*flags: str) -> accesslog_pb2.AccessLogFilter:
    """Answers with one of these flags; without any given, all that have some flag."""
    return accesslog_pb2.AccessLogFilter(response_flag_filter=accesslog_pb2.ResponseFlagFilter(flags=flags))
