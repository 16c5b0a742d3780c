"""What an Envoy starts with: who it is, where its agent's socket is, and no statistics that nobody reads."""

from __future__ import annotations

from tulle.xds.messages import Node

JSON = dict[str, object]
MOST_CONNECTIONS = 200_000
MOST_REQUESTS = 1_000_000
"""Of a gateway, at the same time."""
TYPE = "type.googleapis.com/"
ADS: JSON = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
"""Waits for ever: an Envoy that went on with nothing would take over the ports of one that serves."""
RECONNECT: JSON = {"base_interval": "0.1s", "max_interval": "1s"}
"""Quick, because the agent that is back is on the same machine; Envoy's own is up to 30 s."""
STATISTICS = (
    "cluster_manager.",
    "listener_manager.",
    "server.",
    "http.",
    "control_plane.",
    "main_thread.",
    "traefik.",
)
LISTENER_STATISTICS = (
    r"listener\.[^.]*\.(downstream_cx_(total|active|destroy|overflow)|ssl\.(connection_error|handshake|fail_.*))"
)
CLUSTER_STATISTICS = (
    r"cluster\..*\.(upstream_rq_(total|active|completed|[2345]xx|timeout|retry|retry_success|pending_overflow)"
    r"|upstream_cx_(total|active|connect_fail|overflow)|membership_(healthy|total)|outlier_detection\.ejections_active"
    r"|ssl\.(connection_error|fail_.*))"
)
"""Of some hundred per cluster those that somebody looks at: a cluster costs 20 KB instead of 47."""

DURATIONS = (100_000, 300_000, 1_200_000, 5_000_000)
"""Microseconds: how long requests took is counted in these steps, as Traefik does."""
CONSULTANT = "consultant"
"""The cluster of the helper that a gateway asks on its host (`model.consulting`)."""


def bootstrap(node: Node, *, xds_socket: str, admin_socket: str, consultant_socket: str = "") -> JSON:
    """The bootstrap of one Envoy, as JSON: delta ADS over a Unix socket to its agent, admin on a Unix socket.

    With the socket of a consultant there is a cluster of that name, too.
    """
    consultants = [_consultant(consultant_socket)] if consultant_socket else []
    return {
        "node": {"id": node.id, "cluster": node.cluster, "metadata": dict(node.metadata)},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [
                    {"envoy_grpc": {"cluster_name": "xds", "retry_policy": {"retry_back_off": RECONNECT}}}
                ],
            },
            "cds_config": ADS,
            "lds_config": ADS,
        },
        "static_resources": {"clusters": [_on_this_host("xds", xds_socket), *consultants]},
        "bootstrap_extensions": [
            {
                "name": "internal_listener",
                "typed_config": {"@type": f"{TYPE}envoy.extensions.bootstrap.internal_listener.v3.InternalListener"},
            }
        ],
        "overload_manager": {"resource_monitors": [_most_connections()]},
        "stats_config": _statistics(),
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {"re2.max_program_size.error_level": 2000}}]},
    }


def _consultant(socket: str) -> JSON:
    """Each request that is counted holds a stream as long as it lasts, so there may be very many."""
    most = {"max_requests": MOST_REQUESTS, "max_pending_requests": MOST_REQUESTS}
    return {**_on_this_host(CONSULTANT, socket), "circuit_breakers": {"thresholds": [most]}}


def _on_this_host(name: str, socket: str) -> JSON:
    """A gRPC server on a Unix socket."""
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"pipe": {"path": socket}}}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _most_connections() -> JSON:
    """Far above what one machine can do; Envoy wants a number."""
    monitor = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
    return {
        "name": "envoy.resource_monitors.global_downstream_max_connections",
        "typed_config": {"@type": f"{TYPE}{monitor}", "max_active_downstream_connections": MOST_CONNECTIONS},
    }


def _statistics() -> JSON:
    patterns: list[JSON] = [{"prefix": prefix} for prefix in STATISTICS]
    patterns += [{"safe_regex": {"regex": each}} for each in (LISTENER_STATISTICS, CLUSTER_STATISTICS)]
    return {
        "stats_matcher": {"inclusion_list": {"patterns": patterns}},
        "histogram_bucket_settings": [{"match": {"prefix": "traefik."}, "buckets": DURATIONS}],
    }
