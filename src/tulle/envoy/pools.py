"""Connections of a cluster: which HTTP is spoken, how long they live, how they are kept alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import protocol_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.filters.http.upstream_codec.v3 import upstream_codec_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import any_pb2

from tulle.envoy import protos
from tulle.kit.quick import quick
from tulle.model.policies import ConnectionPool, Keepalive, Policy

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
Http2Options: TypeAlias = protocol_pb2.Http2ProtocolOptions
HttpFilter: TypeAlias = http_connection_manager_pb2.HttpFilter
HttpProtocolOptions: TypeAlias = http_protocol_options_pb2.HttpProtocolOptions
NOTHING_SAID = ConnectionPool()
SILENCE, PATIENCE = 30.0, 10.0
"""Seconds: a peer whose host vanished is noticed without waiting for TCP."""
LONGEST_SILENCE, MOST_PROBES = 32767, 127
"""Of TCP, in Linux."""
TOLD = ("x-envoy-internal", "x-envoy-expected-rq-timeout-ms")
SERVER_ERRORS = "5[0-9]{2}"


@quick
@dataclass(frozen=True, slots=True)
class Spoken:
    """The HTTP that is spoken upstream."""

    is_http2: bool = False
    names_host: bool = False
    """Whether TLS asks for (and checks) the host that each request is for."""
    pool: ConnectionPool = NOTHING_SAID
    idle_timeout: float | None = None
    """None: Envoy's hour."""
    error_codes: tuple[int, ...] = ()

    @classmethod
    def by(cls, policy: Policy, *, is_http2: bool, names_host: bool = False) -> Spoken:
        """What a policy says of it."""
        codes = policy.outlier_detection.error_codes if policy.outlier_detection else ()
        return cls(is_http2, names_host, policy.pool, policy.idle_timeout, codes)


@lru_cache(1024)
def http_options(spoken: Spoken) -> any_pb2.Any:
    """The protocol options of a cluster."""
    options, pool = HttpProtocolOptions(), spoken.pool
    common = options.common_http_protocol_options
    if spoken.idle_timeout is not None:
        common.idle_timeout.CopyFrom(protos.seconds(spoken.idle_timeout))
    if pool.max_connection_duration is not None:
        common.max_connection_duration.CopyFrom(protos.seconds(pool.max_connection_duration))
    if pool.max_requests_per_connection:
        common.max_requests_per_connection.value = pool.max_requests_per_connection
    if spoken.names_host:
        options.upstream_http_protocol_options.auto_sni = True
    if spoken.error_codes:
        pattern = "|".join((SERVER_ERRORS, *map(str, sorted(spoken.error_codes))))
        header = options.outlier_detection.error_matcher.http_response_headers_match.headers.add(name=":status")
        header.string_match.safe_regex.CopyFrom(protos.regex(pattern))
    if pool.hides_proxy:
        options.http_filters.extend(_hiding())
    if pool.use_client_protocol:
        options.use_downstream_protocol_config.http_protocol_options.enable_trailers = True
        options.use_downstream_protocol_config.http2_protocol_options.CopyFrom(_http2(pool))
    elif pool.negotiates_http2:
        options.auto_config.http_protocol_options.enable_trailers = True
        options.auto_config.http2_protocol_options.CopyFrom(_http2(pool))
    elif spoken.is_http2:
        options.explicit_http_config.http2_protocol_options.CopyFrom(_http2(pool))
    else:
        options.explicit_http_config.http_protocol_options.enable_trailers = True
    return protos.packed(options)


@cache
def _hiding() -> tuple[HttpFilter, ...]:
    """Takes away what Envoy tells those whom it asks itself: nothing on the way of other requests could."""
    config = header_mutation_pb2.HeaderMutation()
    for header in TOLD:
        config.mutations.request_mutations.append(mutation_rules_pb2.HeaderMutation(remove=header))
    hiding = HttpFilter(name="hiding", typed_config=protos.packed(config))
    return hiding, HttpFilter(name="codec", typed_config=protos.packed(upstream_codec_pb2.UpstreamCodec()))


def keep_alive(keepalive: Keepalive, cluster: cluster_pb2.Cluster) -> None:
    """Signs of life of TCP; what is not said is up to the system."""
    message = cluster.upstream_connection_options.tcp_keepalive
    message.SetInParent()
    if keepalive.probes is not None:
        message.keepalive_probes.value = min(keepalive.probes, MOST_PROBES)
    if keepalive.time is not None:
        message.keepalive_time.value = _whole(keepalive.time)
    if keepalive.interval is not None:
        message.keepalive_interval.value = _whole(keepalive.interval)


def _http2(pool: ConnectionPool) -> Http2Options:
    asked = pool.http2_keepalive or Keepalive()
    interval = asked.interval if asked.interval is not None else asked.time
    message = Http2Options(
        allow_connect=True,
        connection_keepalive=protocol_pb2.KeepaliveSettings(
            interval=protos.seconds(SILENCE if interval is None else interval),
            timeout=protos.seconds(PATIENCE if asked.timeout is None else asked.timeout),
        ),
    )
    if pool.max_concurrent_streams:
        message.max_concurrent_streams.value = pool.max_concurrent_streams
    return message


def _whole(seconds: float) -> int:
    """TCP counts in whole seconds, of which Linux takes so many: with more, no connection would be made at all."""
    return min(max(1, round(seconds)), LONGEST_SILENCE)
