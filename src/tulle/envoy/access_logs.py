"""Access logs: one line a request on the standard output of Envoy, where and when somebody wants it."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from envoy.type.matcher.v3 import metadata_pb2, value_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain
from tulle.model.extensions import AccessLogging, Direction
from tulle.model.security import AccessAction

AccessLog: TypeAlias = accesslog_pb2.AccessLog
CEL = "envoy.access_loggers.extension_filters.cel"
OUR_PROVIDERS = frozenset(("envoy", "stdout"))
"""Names by which documents mean the standard output of Envoy."""
AUDITED = ("envoy.common", "access_log_hint")


def logs(chain: Chain) -> list[AccessLog]:
    """What is logged of the requests of a chain."""
    wanted = logging(chain)
    if wanted is not None and not wanted.is_disabled:
        return [_stdout(wanted.filter)]
    if _is_audited(chain):
        return [_audit()]
    return []


def connection_logs(chain: Chain) -> list[AccessLog]:
    """What is logged of connections whose requests are not seen: only what documents ask for."""
    is_asked_for = chain.guard is not None and any(each.access_logging for each in chain.guard.telemetry)
    return logs(chain) if is_asked_for or _is_audited(chain) else []


def logging(chain: Chain) -> AccessLogging | None:
    """The last word on it: documents are given in the order of growing precision, the mesh's own setting first."""
    found = AccessLogging() if chain.settings.access_log else None
    for telemetry in chain.guard.telemetry if chain.guard else ():
        for each in telemetry.access_logging:
            is_ours = not each.providers or not OUR_PROVIDERS.isdisjoint(each.providers)
            if is_ours and each.direction in {Direction.ANY, chain.side.direction}:
                found = each
    return found


def _stdout(expression: str) -> AccessLog:
    message = AccessLog(name="stdout", typed_config=protos.packed(stream_pb2.StdoutAccessLog()))
    if expression:
        message.filter.CopyFrom(condition(expression))
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
    message = _stdout("")
    message.filter.metadata_filter.matcher.CopyFrom(matcher)
    message.filter.metadata_filter.match_if_key_not_found.value = False
    return message
