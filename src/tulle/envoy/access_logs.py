"""Access logs: one line a request on the standard output of Envoy, or in a file, where and when somebody wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from envoy.type.matcher.v3 import metadata_pb2, value_pb2
from google.protobuf import struct_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import AccessLogging, Direction, LogProvider
from tulle.model.mesh import Settings
from tulle.model.security import AccessAction

AccessLog: TypeAlias = accesslog_pb2.AccessLog
CEL = "envoy.access_loggers.extension_filters.cel"
Format: TypeAlias = substitution_format_string_pb2.SubstitutionFormatString
OURS = "envoy"
"""Where the mesh logs by itself, as documents call it."""
STREAMS: Mapping[str, type[stream_pb2.StdoutAccessLog] | type[stream_pb2.StderrAccessLog]] = {
    "/dev/stdout": stream_pb2.StdoutAccessLog,
    "/dev/stderr": stream_pb2.StderrAccessLog,
}
USUAL = LogProvider(name=OURS, origin=BUILT_IN)
USUAL_LABELS = {
    "start_time": "%START_TIME%",
    "method": "%REQUEST_HEADER(:METHOD)%",
    "path": "%REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESPONSE_HEADER(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQUEST_HEADER(X-FORWARDED-FOR)%",
    "user_agent": "%REQUEST_HEADER(USER-AGENT)%",
    "request_id": "%REQUEST_HEADER(X-REQUEST-ID)%",
    "authority": "%REQUEST_HEADER(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "route_name": "%ROUTE_NAME%",
}
"""What is logged as JSON if nobody says what (Istio's default with the encoding JSON)."""
AUDITED = ("envoy.common", "access_log_hint")


def logs(chain: Chain) -> list[AccessLog]:
    """What is logged of the requests of a chain."""
    settings = chain.settings
    known = {each.name: each for each in settings.loggers} | {OURS: settings.logger or USUAL}
    wanted = [
        _log(known[name], said.filter)
        for name, said in logging(chain).items()
        if name in known and not said.is_disabled
    ]
    return wanted or ([_audit()] if _is_audited(chain) else [])


def connection_logs(chain: Chain) -> list[AccessLog]:
    """What is logged of connections whose requests are not seen: only what documents ask for."""
    settings = chain.settings
    is_asked_for = settings.logger is not None or bool(settings.default_loggers)
    is_asked_for |= chain.guard is not None and any(each.access_logging for each in chain.guard.telemetry)
    return logs(chain) if is_asked_for or _is_audited(chain) else []


def logging(chain: Chain) -> dict[str, AccessLogging]:
    """The last word on it, for each place that may be logged to.

    Documents are given in the order of growing precision. Where none says anything, the mesh's own setting counts.
    """
    usual = default_loggers(chain.settings)
    found: dict[str, AccessLogging] = {}
    for telemetry in chain.guard.telemetry if chain.guard else ():
        for each in telemetry.access_logging:
            if each.direction in {Direction.ANY, chain.side.direction}:
                found |= dict.fromkeys(map(_named, each.providers or usual), each)
    return found or (dict.fromkeys(usual, AccessLogging()) if chain.settings.access_log else {})


def default_loggers(settings: Settings) -> tuple[str, ...]:
    """Where requests are logged if nobody says where."""
    return tuple(map(_named, settings.default_loggers)) or (OURS,)


def _named(provider: str) -> str:
    return OURS if provider == "stdout" else provider


def _log(provider: LogProvider, expression: str) -> AccessLog:
    stream = STREAMS.get(provider.file)
    config = file_pb2.FileAccessLog(path=provider.file) if stream is None else stream()
    if provider.text or provider.labels:
        config.log_format.CopyFrom(_format(provider))
    name = provider.file.rpartition("/")[2] if stream is not None else "file"
    message = AccessLog(name=name, typed_config=protos.packed(config))
    if expression:
        message.filter.CopyFrom(condition(expression))
    return message


def _format(provider: LogProvider) -> Format:
    message = Format(omit_empty_values=provider.omits_empty)
    if provider.labels:
        labels = struct_pb2.Struct()
        labels.update(json.loads(provider.labels) or USUAL_LABELS)
        message.json_format.CopyFrom(labels)
    else:
        message.text_format_source.inline_string = provider.text.removesuffix("\n") + "\n"
    return message


def condition(expression: str) -> accesslog_pb2.AccessLogFilter:
    """Requests (with their answers) for which a CEL expression holds."""
    config = protos.packed(cel_pb2.ExpressionFilter(expression=expression))
    return accesslog_pb2.AccessLogFilter(extension_filter=accesslog_pb2.ExtensionFilter(name=CEL, typed_config=config))


def _is_audited(chain: Chain) -> bool:
    guard = chain.guard
    return guard is not None and chain.side.guards and any(each.action is AccessAction.AUDIT for each in guard.access)


def _audit() -> AccessLog:
    """Requests that a policy audits, where nothing else is logged."""
    name, key = AUDITED
    path = [metadata_pb2.MetadataMatcher.PathSegment(key=key)]
    matcher = metadata_pb2.MetadataMatcher(filter=name, path=path, value=value_pb2.ValueMatcher(bool_match=True))
    message = _log(USUAL, "")
    message.filter.metadata_filter.matcher.CopyFrom(matcher)
    message.filter.metadata_filter.match_if_key_not_found.value = False
    return message
