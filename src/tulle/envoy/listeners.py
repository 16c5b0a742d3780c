"""Listeners of a sidecar. They change as rarely as possible, because a changed listener drains its connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2, udp_listener_config_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2 as udp_route_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import connection_manager, naming, protos
from tulle.envoy.filters.base import Chain, Side
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.services import Protocol
from tulle.model.workloads import Forward
from tulle.xds.snapshot import Resource, encode

Listener: TypeAlias = listener_pb2.Listener
NetworkFilter: TypeAlias = listener_components_pb2.Filter
FilterChain: TypeAlias = listener_components_pb2.FilterChain

ALONE = protos.flag(False)
"""A port that is taken is to be an error that is seen; with SO_REUSEPORT two Envoys would share it in silence."""


def outbound(settings: Settings, namespace: str, address: str, guard: Guard | None = None) -> Resource:
    """Where the application sends its calls: an HTTP proxy that finds routes on demand."""
    if guard is not None and _changes_calls(guard):
        return _guarded_outbound(guard, settings, namespace, address)
    return _plain_outbound(settings, namespace, address)


def connect(settings: Settings, namespace: str, guard: Guard | None = None) -> Resource:
    """What comes out of CONNECT tunnels: requests again (gRPC tunnels everything through a proxy)."""
    if guard is not None and _changes_calls(guard):
        return _guarded_connect(guard, settings, namespace)
    return _plain_connect(settings, namespace)


def _changes_calls(guard: Guard) -> bool:
    """Whether a guard says anything about the calls of its workload."""
    return bool(guard.telemetry or guard.plugins)


@remember(size=16384)
def _plain_outbound(settings: Settings, namespace: str, address: str) -> Resource:
    return _outbound(Chain(side=Side.OUTBOUND, settings=settings), namespace, address)


@remember(size=4096)
def _guarded_outbound(guard: Guard, settings: Settings, namespace: str, address: str) -> Resource:
    return _outbound(Chain(side=Side.OUTBOUND, settings=settings, guard=guard), namespace, address)


@remember(size=1024)
def _plain_connect(settings: Settings, namespace: str) -> Resource:
    return _connect(Chain(side=Side.CONNECT, settings=settings), namespace)


@remember(size=8)
def _guarded_connect(guard: Guard, settings: Settings, namespace: str) -> Resource:
    return _connect(Chain(side=Side.CONNECT, settings=settings, guard=guard), namespace)


def _outbound(chain: Chain, namespace: str, address: str) -> Resource:
    manager = connection_manager.outbound(chain, naming.outbound_routes(namespace))
    listener = Listener(
        name=naming.OUTBOUND,
        stat_prefix="out",
        address=protos.parse_address(address),
        enable_reuse_port=ALONE,
        filter_chains=[FilterChain(filters=[connection_manager.network_filter(manager)])],
    )
    return encode(naming.OUTBOUND, listener, origins=_origins(chain))


def _connect(chain: Chain, namespace: str) -> Resource:
    manager = connection_manager.outbound(chain, naming.outbound_routes(namespace))
    listener = Listener(
        name=naming.CONNECT,
        stat_prefix="tunnel",
        filter_chains=[FilterChain(filters=[connection_manager.network_filter(manager)])],
    )
    listener.internal_listener.SetInParent()
    return encode(naming.CONNECT, listener, origins=_origins(chain))


def _origins(chain: Chain) -> tuple[Origin, ...]:
    origins = [chain.settings.origin]
    if chain.guard is not None:
        origins += [each.origin for each in chain.guard.telemetry]
        origins += [each.origin for each in chain.guard.plugins]
    return tuple(origins)


@remember(size=4096)
def forward(settings: Settings, to: Forward) -> Resource:
    """A local port of the sidecar for one TCP or UDP service."""
    name, cluster = naming.forward(to.service, to.port), naming.cluster(to.service, to.port)
    if to.protocol is Protocol.UDP:
        listener = udp_listener(name, to.address, cluster)
    else:
        listener = Listener(
            name=name,
            stat_prefix="fwd",
            address=protos.parse_address(to.address),
            enable_reuse_port=ALONE,
            filter_chains=[FilterChain(filters=[tcp_proxy("fwd", (cluster, 1))])],
        )
    return encode(name, listener, origins=(settings.origin,))


def udp_listener(name: str, address: str, cluster: str) -> Listener:
    """Datagrams to one cluster; a client keeps its endpoint as long as it is heard of."""
    action = matcher_pb2.Matcher.OnMatch(
        action=extension_pb2.TypedExtensionConfig(
            name="route", typed_config=protos.packed(udp_route_pb2.Route(cluster=cluster))
        )
    )
    config = udp_proxy_pb2.UdpProxyConfig(stat_prefix="udp", matcher=matcher_pb2.Matcher(on_no_match=action))
    return Listener(
        name=name,
        stat_prefix="udp",
        address=protos.parse_address(address, is_udp=True),
        udp_listener_config=udp_listener_config_pb2.UdpListenerConfig(),
        listener_filters=[listener_components_pb2.ListenerFilter(name="udp", typed_config=protos.packed(config))],
    )


def tcp_proxy(
    stat_prefix: str, *shares: tuple[str, int], logs: Iterable[accesslog_pb2.AccessLog] = ()
) -> NetworkFilter:
    """Bytes to clusters, by weight of the connections."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=stat_prefix, access_log=logs)
    # An idle database connection is not a broken one.
    proxy.idle_timeout.SetInParent()
    if len(shares) == 1:
        proxy.cluster = shares[0][0]
    else:
        weighted = tcp_proxy_pb2.TcpProxy.WeightedCluster
        proxy.weighted_clusters.clusters.extend(
            weighted.ClusterWeight(name=cluster, weight=weight) for cluster, weight in shares
        )
    return NetworkFilter(name="tcp", typed_config=protos.packed(proxy))
