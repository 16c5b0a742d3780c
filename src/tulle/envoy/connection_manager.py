"""The lean HTTP chain: what every request passes, and nothing that nobody asked for."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.core.v3 import protocol_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tulle.envoy import access_logs, access_rules, entrances, protos, replies
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.refusals import refusals
from tulle.model.extensions import PathNormalization

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
NAME = "http"
"""Of the filter that reads requests."""
STAT_PREFIX = {Side.OUTBOUND: "out", Side.CONNECT: "tunnel", Side.INBOUND: "in", Side.GATEWAY: "edge"}
WEBSOCKET = Manager.UpgradeConfig(upgrade_type="websocket")
CONNECT = Manager.UpgradeConfig(upgrade_type="CONNECT")
EDGE_HTTP2 = protocol_pb2.Http2ProtocolOptions(
    max_concurrent_streams=protos.number(100),
    initial_stream_window_size=protos.number(64 * 1024),
    initial_connection_window_size=protos.number(1024 * 1024),
    allow_connect=True,
)
"""Envoy's best practices for a proxy at the edge: what one client can make us hold."""


def lean(chain: Chain) -> Manager:
    """A connection manager without routes: no request id, no timers per stream, no headers of Envoy's own."""
    manager = Manager(
        codec_type=Manager.AUTO,
        stat_prefix=STAT_PREFIX[chain.side],
        http_filters=registry.chain(chain),
        generate_request_id=protos.flag(False),
        stream_idle_timeout=protos.seconds(0),
        # The application says whether it wants a body (100), and what it knows early (103); Envoy would say the former
        # itself, and keep the latter.
        proxy_100_continue=True,
        server_header_transformation=Manager.PASS_THROUGH,
        upgrade_configs=[WEBSOCKET],
        http2_protocol_options=protocol_pb2.Http2ProtocolOptions(allow_connect=True),
        # ApacheBench and gRPC's own CONNECT still speak HTTP/1.0.
        http_protocol_options=protocol_pb2.Http1ProtocolOptions(accept_http_10=True, enable_trailers=True),
        local_reply_config=replies.local_reply(marks_failures=chain.side is Side.INBOUND, refusals=refusals(chain)),
        access_log=access_logs.logs(chain),
    )
    _normalize(manager, chain)
    return manager


def outbound(chain: Chain, routes: str) -> Manager:
    """Calls of the application, whose routes are found on demand."""
    manager = lean(chain)
    manager.upgrade_configs.append(CONNECT)
    _discover(manager, routes)
    return manager


def inbound(chain: Chain, routes: route_pb2.RouteConfiguration) -> Manager:
    """Calls to the application, whose peer the application can see (`X-Forwarded-Client-Cert`)."""
    manager = lean(chain)
    manager.forward_client_cert_details = Manager.SANITIZE_SET
    manager.set_current_client_cert_details.uri = True
    manager.route_config.CopyFrom(routes)
    return manager


def gateway(chain: Chain, routes: str, *, asks_clients: bool = False) -> Manager:
    """Requests from anywhere: hardened as Envoy's best practices for the edge say.

    With `asks_clients` clients may show certificates, and applications see whose (`X-Forwarded-Client-Cert`).

    Two of them are left out because they would cut long uploads and streams: `request_timeout`, and a
    `stream_idle_timeout` of minutes (here: an hour).
    """
    manager = lean(chain)
    manager.use_remote_address.value = True
    manager.xff_num_trusted_hops = chain.settings.trusted_proxies
    manager.normalize_path.value = True
    manager.merge_slashes = True
    manager.path_with_escaped_slashes_action = Manager.UNESCAPE_AND_REDIRECT
    manager.common_http_protocol_options.headers_with_underscores_action = (
        protocol_pb2.HttpProtocolOptions.REJECT_REQUEST
    )
    manager.common_http_protocol_options.idle_timeout.CopyFrom(protos.seconds(3600))
    manager.http2_protocol_options.CopyFrom(EDGE_HTTP2)
    manager.request_headers_timeout.CopyFrom(protos.seconds(10))
    manager.stream_idle_timeout.CopyFrom(protos.seconds(3600))
    # Without a route for it, a CONNECT is answered 404 like any other request.
    manager.upgrade_configs.append(CONNECT)
    if asks_clients:
        manager.forward_client_cert_details = Manager.SANITIZE_SET
        shown = manager.set_current_client_cert_details
        shown.subject.value = shown.cert = shown.dns = shown.uri = True
    if chain.entrance is not None:
        entrances.shape(manager, chain, chain.entrance)
    _discover(manager, routes)
    return manager


def network_filter(manager: Manager) -> listener_components_pb2.Filter:
    """As it stands in a listener."""
    return listener_components_pb2.Filter(name=NAME, typed_config=protos.packed(manager))


def _normalize(manager: Manager, chain: Chain) -> None:
    """Paths as rules are to see them: `/public/../admin` is not below `/public/`."""
    wanted = chain.settings.path_normalization
    is_asked = chain.side is Side.INBOUND and chain.guard is not None and access_rules.asks_for_paths(chain.guard)
    manager.normalize_path.value = is_asked or wanted is not PathNormalization.NONE
    manager.merge_slashes = wanted in {PathNormalization.MERGE_SLASHES, PathNormalization.DECODE_AND_MERGE_SLASHES}
    if wanted is PathNormalization.DECODE_AND_MERGE_SLASHES:
        manager.path_with_escaped_slashes_action = Manager.UNESCAPE_AND_FORWARD
    elif is_asked:
        # How an application reads `/public/..%2fadmin` is unknown.
        manager.path_with_escaped_slashes_action = Manager.REJECT_REQUEST


def _discover(manager: Manager, routes: str) -> None:
    manager.rds.route_config_name = routes
    manager.rds.config_source.CopyFrom(protos.ads())
