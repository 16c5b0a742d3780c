"""The access log of entry points: lines as Traefik writes them, so that what reads those reads ours."""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from google.protobuf import struct_pb2

from tulle.envoy import access_logs, clusters, endpoints, protos, told
from tulle.envoy.filters import noted
from tulle.model.observing import STDOUT, LogFields, LogForm, RequestLog, Telling

NOTHING = "-"
PROTOCOL = (
    "%CEL(request.protocol == 'HTTP/2' ? 'HTTP/2.0' : request.protocol == 'HTTP/3' ? 'HTTP/3.0' : request.protocol)%"
)
SERVICE = f"xds.cluster_metadata.filter_metadata['{endpoints.WRITTEN}']['{clusters.SERVICE}']"
"""CEL: what a service is called."""
SENT = "upstream.address != ''"
"""CEL: that a request was sent to a server, or that it was tried; without one there is no value at all."""
TLS_VERSION = "%CEL(connection.tls_version == 'TLSv1.3' ? '1.3' : '1.2')%"
COMMON_VALUES = {
    "ClientHost": noted.CLIENT,
    "RequestMethod": "%REQUEST_HEADER(:METHOD)%",
    "RequestPath": noted.PATH,
    "RequestProtocol": PROTOCOL,
    "OriginStatus": "%RESPONSE_CODE%",
    "OriginContentSize": "%BYTES_SENT%",
    "RequestCount": "%CONNECTION_ID%",
    "RouterName": "%ROUTE_NAME%",
    "ServiceURL": f"%UPSTREAM_METADATA({endpoints.WRITTEN}:{endpoints.URL})%",
}
"""What lines of text have, by the names of the fields. No program counts all requests: connections have numbers."""
JSON_VALUES = {
    **COMMON_VALUES,
    "StartUTC": "%START_TIME(%Y-%m-%dT%H:%M:%S.%fZ)%",
    "StartLocal": "%START_TIME_LOCAL(%Y-%m-%dT%H:%M:%S.%f%Ez)%",
    "Duration": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:ns)%",
    "ClientAddr": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "ClientPort": "%DOWNSTREAM_DIRECT_REMOTE_PORT%",
    "RequestAddr": noted.AUTHORITY,
    "RequestHost": noted.AUTHORITY,
    "RequestPort": "%DOWNSTREAM_LOCAL_PORT%",
    "RequestContentSize": "%BYTES_RECEIVED%",
    "ServiceAddr": "%UPSTREAM_HOST%",
    "ServiceName": f"%CEL({SENT} ? {SERVICE} : '')%",
    "OriginDuration": "%COMMON_DURATION(US_TX_BEG:US_RX_END:ns)%",
    "DownstreamStatus": "%RESPONSE_CODE%",
    "DownstreamContentSize": "%BYTES_SENT%",
    "TLSVersion": TLS_VERSION,
    "TLSCipher": "%DOWNSTREAM_TLS_CIPHER%",
    "TLSClientSubject": "%DOWNSTREAM_PEER_SUBJECT%",
}
WHEN = "%START_TIME(%d/%b/%Y:%H:%M:%S +0000)%"


def log(wanted: RequestLog, place: str, *, is_encrypted: bool) -> accesslog_pb2.AccessLog:
    """The log of one entry point."""
    config = stream_pb2.StdoutAccessLog() if wanted.file == STDOUT else file_pb2.FileAccessLog(path=wanted.file)
    config.log_format.CopyFrom(_format(wanted, place, is_encrypted=is_encrypted))
    name = "stdout" if wanted.file == STDOUT else "file"
    message = accesslog_pb2.AccessLog(name=name, typed_config=protos.packed(config))
    message.filter.CopyFrom(access_logs.condition(" && ".join(_conditions(wanted))))
    return message


def _conditions(wanted: RequestLog) -> Iterator[str]:
    """CEL, all of which must hold."""
    yield told.unmarked(told.UNLOGGED, *(() if wanted.has_internal else (told.INTERNAL,)))
    found = [f"(response.code >= {low} && response.code <= {high})" for low, high in wanted.statuses]
    if wanted.is_repeated:
        found.append("upstream.request_attempt_count > 1")
    if wanted.longer_than:
        found.append(f"request.duration > duration('{wanted.longer_than:.9f}s')")
    if found:
        yield f"({' || '.join(found)})"


def _format(
    wanted: RequestLog, place: str, *, is_encrypted: bool
) -> substitution_format_string_pb2.SubstitutionFormatString:
    message = substitution_format_string_pb2.SubstitutionFormatString()
    if wanted.form is LogForm.JSON:
        message.omit_empty_values = True
        message.json_format.CopyFrom(_json(wanted.fields, place, is_encrypted=is_encrypted))
    else:
        message.text_format_source.inline_string = _line(wanted.fields, has_more=wanted.form is LogForm.COMMON)
    return message


def _line(fields: LogFields, *, has_more: bool) -> str:
    values = {name: value if fields.tells(name) else NOTHING for name, value in COMMON_VALUES.items()}
    headers = {name.lower(): _header(name, mode) for name, mode in fields.headers}
    referer, agent = headers.get("referer", NOTHING), headers.get("user-agent", NOTHING)
    when = WHEN if fields.tells("StartUTC") else NOTHING
    path = noted.PATH_ALONE if fields.tells("RequestPath") and not fields.has_query else values["RequestPath"]
    line = (
        f'{values["ClientHost"]} - - [{when}] "{values["RequestMethod"]} {path} {values["RequestProtocol"]}" '
        f'{values["OriginStatus"]} {values["OriginContentSize"]} "{referer}" "{agent}"'
    )
    if has_more:
        duration = "%DURATION%" if fields.tells("Duration") else "0"
        line += f' {values["RequestCount"]} "{values["RouterName"]}" "{values["ServiceURL"]}" {duration}ms'
    return f"{line}\n"


def _json(fields: LogFields, place: str, *, is_encrypted: bool) -> struct_pb2.Struct:
    values = {
        **JSON_VALUES,
        "ClientUsername": NOTHING,
        "RequestScheme": "https" if is_encrypted else "http",
        "entryPointName": place,
    }
    if not fields.has_query:
        values["RequestPath"] = noted.PATH_ALONE
    told_ones = {name: value for name, value in values.items() if fields.tells(name)}
    for name, mode in fields.headers:
        told_ones[f"request_{name}"] = _header(name, mode)
        answered = _header(name, mode, "response", "RESPONSE_HEADER")
        told_ones |= {f"downstream_{name}": answered, f"origin_{name}": answered}
    result = struct_pb2.Struct()
    result.update({**told_ones, "level": "info", "msg": "", "time": "%START_TIME(%Y-%m-%dT%H:%M:%SZ)%"})
    return result


def _header(name: str, mode: Telling, side: str = "request", operator: str = "REQUEST_HEADER") -> str:
    if mode is Telling.REDACT:
        # Without the header there is no value at all.
        return f"%CEL({side}.headers['{name.lower()}'] == '' ? 'REDACTED' : 'REDACTED')%"
    return f"%{operator}({name})%"
