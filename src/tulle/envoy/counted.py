"""Connections of which each client may have so many at a time: the helper on the gateway's host counts them.

Envoy can ask about a connection, but does not say when it ends. Of requests it does: so a connection that is counted is
the body of a request (CONNECT) to a listener within the same Envoy, and that request is counted like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2, grpc_service_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.http.ext_proc.v3 import ext_proc_pb2, processing_mode_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2

from tulle.envoy import clusters, hosts, naming, protos
from tulle.envoy.bootstrap import CONSULTANT
from tulle.envoy.streams import CLIENT, Shares, Stream
from tulle.model import consulting
from tulle.model.documents import Origin
from tulle.model.policies import Tunnel
from tulle.model.steps import LimitConnections, SameClient
from tulle.xds.snapshot import Resource, encode

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
HttpFilter: TypeAlias = http_connection_manager_pb2.HttpFilter
Mode: TypeAlias = processing_mode_pb2.ProcessingMode
PATIENCE = 1.0
"""Seconds that the helper has; without it, everybody passes."""


def counted(stream: Stream, owner: str, origin: Origin) -> tuple[Stream, tuple[Resource, ...]]:
    """The stream by way of whoever counts its connections, and what that needs; the same one if nobody counts.

    `owner` names whose connections are counted together.
    """
    limits = [each for each in stream.steps if isinstance(each, LimitConnections)]
    if not limits:
        return stream, ()
    name = naming.counted(owner)
    filters = [_counting(f"{owner}/{place}", each.amount) for place, each in enumerate(limits)]
    handling = replace(stream.handling, tunnel=Tunnel(host="counted", port=1), tells_client=True)
    found = _listener(name, filters, stream.shares, origin), clusters.internal_cluster(name, origin)
    return replace(stream, shares=((name, 1),), handling=handling, is_read=False), found


def _listener(name: str, filters: list[HttpFilter], shares: Shares, origin: Origin) -> Resource:
    """Takes requests of this Envoy, and sends on what is in them."""
    host = route_components_pb2.VirtualHost(name=name, domains=["*"], routes=[hosts.connected(*shares)])
    sending = router_pb2.Router(dynamic_stats=protos.flag(False), suppress_envoy_headers=True)
    manager = Manager(
        codec_type=Manager.HTTP2,
        stat_prefix="counted",
        http_filters=[*filters, HttpFilter(name="router", typed_config=protos.packed(sending))],
        route_config=route_pb2.RouteConfiguration(
            name=name, virtual_hosts=[host], validate_clusters=protos.flag(False)
        ),
        generate_request_id=protos.flag(False),
        stream_idle_timeout=protos.seconds(0),
        upgrade_configs=[Manager.UpgradeConfig(upgrade_type="CONNECT")],
    )
    manager.http2_protocol_options.allow_connect = True
    passing = listener_components_pb2.Filter(name="http", typed_config=protos.packed(manager))
    chain = listener_components_pb2.FilterChain(filters=[passing])
    listener = listener_pb2.Listener(name=name, stat_prefix="counted", filter_chains=[chain])
    listener.internal_listener.SetInParent()
    return encode(name, listener, origins=(origin,))


def _counting(id: str, amount: int) -> HttpFilter:
    """Tells the helper when a connection begins, and when it ends."""
    question = consulting.InFlight(id=id, amount=amount, by=SameClient(header=CLIENT))
    config = ext_proc_pb2.ExternalProcessor(
        grpc_service=grpc_service_pb2.GrpcService(
            envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=CONSULTANT),
            timeout=protos.seconds(PATIENCE),
            initial_metadata=list(_metadata(question)),
        ),
        processing_mode=Mode(
            request_header_mode=Mode.SEND, response_header_mode=Mode.SKIP, response_trailer_mode=Mode.SEND
        ),
        failure_mode_allow=True,
        message_timeout=protos.seconds(PATIENCE),
    )
    config.forward_rules.allowed_headers.patterns.add(exact=CLIENT)
    return HttpFilter(name=id, typed_config=protos.packed(config))


def _metadata(question: consulting.Question) -> Iterator[base_pb2.HeaderValue]:
    for key, value in consulting.to_metadata(question):
        yield base_pb2.HeaderValue(key=key, value=value)
