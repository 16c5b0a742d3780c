"""Numbers about the requests of entry points, by the names that Traefik gives them.

Envoy counts them itself, as it would write a line of a log. `api.metrics` takes the beginning away that it puts before
all names, and makes seconds of microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2
from google.protobuf import wrappers_pb2

from tulle.envoy import access_logs, edge_logs, endpoints, protos, told
from tulle.model.observing import RequestMetrics

AccessLog: TypeAlias = accesslog_pb2.AccessLog
Tags = dict[str, str]
PREFIX = "traefik"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE")
OTHER = "EXTENSION_METHOD"
KNOWN = ", ".join(f"'{each}'" for each in METHODS)
ALL_TAGS: Tags = {
    "code": "%RESPONSE_CODE%",
    # Clients may make up methods, and every one would be kept for ever.
    "method": f"%CEL(request.method in [{KNOWN}] ? request.method : '{OTHER}')%",
    "protocol": "http",
}
TLS_TAGS: Tags = {"tls_version": edge_logs.TLS_VERSION, "tls_cipher": "%DOWNSTREAM_TLS_CIPHER%"}
TO_A_SERVICE = f"'{endpoints.WRITTEN}' in xds.cluster_metadata.filter_metadata"
SERVICE = f"%CEL({edge_logs.SERVICE})%"


def counters(wanted: RequestMetrics, place: str, *, is_encrypted: bool) -> Iterator[AccessLog]:
    """What counts the requests of one entry point, by whatever is wanted."""
    labels = {name: f"%REQUEST_HEADER({header})%" for name, header in wanted.headers}
    if wanted.by_entry_point:
        yield _counter(wanted, "entrypoint", {"entrypoint": place}, labels, "", is_encrypted)
    if wanted.by_router:
        tags = {"router": "%ROUTE_NAME%", "service": SERVICE}
        yield _counter(wanted, "router", tags, labels, TO_A_SERVICE, is_encrypted)
    if wanted.by_service:
        yield _counter(wanted, "service", {"service": SERVICE}, labels, edge_logs.SENT, is_encrypted)


def _counter(
    wanted: RequestMetrics, what: str, own: Tags, labels: Tags, condition: str, is_encrypted: bool
) -> AccessLog:
    everything = {**ALL_TAGS, **own}
    config = stats_pb2.Config(
        stat_prefix=PREFIX,
        counters=[
            _one(f"{what}_requests_total", {**everything, **labels}),
            *([_one(f"{what}_requests_tls_total", {**TLS_TAGS, **own})] if is_encrypted else []),
            _sum(f"{what}_requests_bytes_total", everything, "%BYTES_RECEIVED%"),
            _sum(f"{what}_responses_bytes_total", everything, "%BYTES_SENT%"),
        ],
        histograms=[
            stats_pb2.Config.Histogram(
                stat=_named(f"{what}_request_duration_seconds", everything),
                unit=stats_pb2.Config.Histogram.Microseconds,
                value_format="%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
            )
        ],
    )
    message = AccessLog(name=f"{what}s", typed_config=protos.packed(config))
    conditions = [told.unmarked(told.UNCOUNTED, *(() if wanted.has_internal else (told.INTERNAL,))), condition]
    message.filter.CopyFrom(access_logs.condition(" && ".join(filter(None, conditions))))
    return message


def _one(name: str, tags: Tags) -> stats_pb2.Config.Counter:
    return stats_pb2.Config.Counter(stat=_named(name, tags), value_fixed=wrappers_pb2.UInt64Value(value=1))


def _sum(name: str, tags: Tags, value: str) -> stats_pb2.Config.Counter:
    return stats_pb2.Config.Counter(stat=_named(name, tags), value_format=value)


def _named(name: str, tags: Tags) -> stats_pb2.Config.Stat:
    """In the order of the alphabet, as libraries of Prometheus write them."""
    return stats_pb2.Config.Stat(
        name=name, tags=[stats_pb2.Config.Tag(name=tag, value_format=value) for tag, value in sorted(tags.items())]
    )
