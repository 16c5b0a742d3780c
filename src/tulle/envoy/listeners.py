"""Listeners of a sidecar. They change as rarely as possible, because a changed listener drains its connections."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2, udp_listener_config_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2 as udp_route_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import connection_manager, naming, protos, secrets
from tulle.envoy.filters import access
from tulle.envoy.filters.base import Chain, Side
from tulle.kit.memo import remember
from tulle.model.mesh import Settings
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Binding, Forward
from tulle.xds.snapshot import Resource, encode

Listener: TypeAlias = listener_pb2.Listener
NetworkFilter: TypeAlias = listener_components_pb2.Filter
FilterChain: TypeAlias = listener_components_pb2.FilterChain

ALONE = protos.flag(False)
"""A port that is taken is to be an error that is seen; with SO_REUSEPORT two Envoys would share it in silence."""


@remember(size=16384)
def outbound(settings: Settings, namespace: str, address: str) -> Resource:
    """Where the application sends its calls: an HTTP proxy that finds routes on demand."""
    chain = Chain(side=Side.OUTBOUND, settings=settings)
    manager = connection_manager.outbound(chain, naming.outbound_routes(namespace))
    listener = Listener(
        name=naming.OUTBOUND,
        stat_prefix="out",
        address=protos.parse_address(address),
        enable_reuse_port=ALONE,
        filter_chains=[FilterChain(filters=[connection_manager.network_filter(manager)])],
    )
    return encode(naming.OUTBOUND, listener, origins=(settings.origin,))


@remember(size=1024)
def connect(settings: Settings, namespace: str) -> Resource:
    """What comes out of CONNECT tunnels: requests again (gRPC tunnels everything through a proxy)."""
    chain = Chain(side=Side.CONNECT, settings=settings)
    manager = connection_manager.outbound(chain, naming.outbound_routes(namespace))
    listener = Listener(
        name=naming.CONNECT,
        stat_prefix="tunnel",
        filter_chains=[FilterChain(filters=[connection_manager.network_filter(manager)])],
    )
    listener.internal_listener.SetInParent()
    return encode(naming.CONNECT, listener, origins=(settings.origin,))


@remember(size=4096)
def inbound(service: Service, port: Port, binding: Binding, settings: Settings) -> Resource:
    """Where other proxies call one port of the application: mutual TLS, and no more than the port needs."""
    name = naming.inbound(binding.name)
    guard = _inspected if sees_requests(service, port) else _passed
    filters = guard(service, port, binding, settings)
    chain = FilterChain(filters=filters, transport_socket=secrets.called(settings.trust_domain))
    listener = Listener(
        name=name,
        stat_prefix="in",
        address=protos.socket_address(binding.address, binding.port),
        enable_reuse_port=ALONE,
        filter_chains=[chain],
    )
    return encode(name, listener, origins=(service.origin,))


def sees_requests(service: Service, port: Port) -> bool:
    """Whether the proxy of the callee must read HTTP.

    An application that speaks HTTP/2 can be handed the bytes, unless a policy is about requests; one that speaks
    HTTP/1 cannot, because between proxies requests travel as HTTP/2.
    """
    if not port.protocol.is_http:
        return False
    rules = [rule for rule in service.allow or () if not rule.ports or port.number in rule.ports]
    asks_for_http = service.policy.rate_limit is not None or any(rule.needs_http for rule in rules)
    return asks_for_http or not port.protocol.is_http2


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


def tcp_proxy(stat_prefix: str, *shares: tuple[str, int]) -> NetworkFilter:
    """Bytes to clusters, by weight of the connections."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=stat_prefix)
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


def _inspected(service: Service, port: Port, binding: Binding, settings: Settings) -> list[NetworkFilter]:
    chain = Chain(side=Side.INBOUND, settings=settings, service=service, port=port)
    denied = f'service "{service.name}" does not allow this request from %DOWNSTREAM_PEER_URI_SAN%'
    manager = connection_manager.inbound(chain, denied if service.allow is not None else "", _to_application(binding))
    return [connection_manager.network_filter(manager)]


def _passed(service: Service, port: Port, binding: Binding, settings: Settings) -> list[NetworkFilter]:
    proxy = tcp_proxy("in", (naming.inbound(binding.name), 1))
    if service.allow is None:
        return [proxy]
    rules: rbac_pb2.RBAC = access.rules(service, port, settings.trust_domain, is_http=False)
    config = network_rbac_pb2.RBAC(stat_prefix="in", rules=rules)
    return [NetworkFilter(name=access.NAME, typed_config=protos.packed(config)), proxy]


def _to_application(binding: Binding) -> route_pb2.RouteConfiguration:
    route = route_components_pb2.Route()
    route.match.prefix = "/"
    route.route.cluster = naming.inbound(binding.name)
    route.route.timeout.SetInParent()
    host = route_components_pb2.VirtualHost(name="application", domains=["*"], routes=[route])
    return route_pb2.RouteConfiguration(
        name="inbound",
        virtual_hosts=[host],
        # Only this proxy knows them; an application that sets one would have its requests repeated.
        response_headers_to_remove=naming.INTERNAL_HEADERS,
        validate_clusters=protos.flag(False),
    )
