"""Clusters: how a proxy reaches one port of a service, the application behind it, and what is outside."""

from __future__ import annotations

import re
from functools import lru_cache

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, protocol_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as outside_pb2
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2
from google.protobuf import any_pb2

from tulle.envoy import balancing, endpoints, naming, protos, secrets
from tulle.kit.memo import remember
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.policies import Policy
from tulle.model.security import Identity
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Binding
from tulle.xds.snapshot import Resource, encode

HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
APPLICATION_IDLE = 1.0
"""Seconds; shorter than what servers use (gunicorn 2, uvicorn and node 5), so that no request meets a closing one."""
KEEPALIVE = protocol_pb2.KeepaliveSettings(interval=protos.seconds(30), timeout=protos.seconds(10))
"""A peer whose host vanished is noticed without waiting for TCP."""
DISCOVERY = protos.ads()
IP_ADDRESS = re.compile(r"/.*|[0-9.]+|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")


@remember(size=64)
def service_cluster(service: Service, port: Port, subset: str, trust_domain: str) -> Resource:
    """The cluster of one port of a service (`subset` empty: of all its endpoints)."""
    name = naming.cluster(service.name, port.number, subset)
    part = service.subset(subset) if subset else None
    policy = part.policy if part and part.policy else service.policy
    # Short names of statistics, and what the reasons of failures call it.
    cluster = balancing.shaped(policy)
    cluster.name, cluster.alt_stat_name = name, naming.spoken(service.name, port.number, subset)
    is_found = _find(service, port, subset, cluster)
    is_meshed = speaks_mtls(service) and port.protocol is not Protocol.UDP
    if is_meshed:
        identity = Identity(trust_domain, service.name.namespace, service.account)
        server_name = f"{service.name}.svc.cluster.local"
        cluster.transport_socket.CopyFrom(secrets.calling(identity, server_name))
    elif policy.health_check:
        balancing.check_health(policy.health_check, cluster, is_http2=port.protocol.is_http2)
    if port.protocol.is_http:
        is_http2 = is_meshed or port.protocol.is_http2
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(is_http2, policy.idle_timeout))
    return encode(name, cluster, endpoints_name=name if is_found else "", origins=(service.origin,))


def speaks_mtls(service: Service) -> bool:
    """Whether sidecars of the mesh stand before its endpoints."""
    return service.is_meshed or all(each.is_meshed for each in service.addresses)


def _find(service: Service, port: Port, subset: str, cluster: cluster_pb2.Cluster) -> bool:
    """Where its endpoints come from: True for endpoint discovery, False for names that the proxy resolves itself."""
    fixed = service.addresses
    if all(IP_ADDRESS.fullmatch(each.address) for each in fixed):
        cluster.type = cluster_pb2.Cluster.EDS
        cluster.eds_cluster_config.eds_config.CopyFrom(DISCOVERY)
        return True
    cluster.type = cluster_pb2.Cluster.STRICT_DNS
    cluster.dns_lookup_family = cluster_pb2.Cluster.V4_PREFERRED
    fitting = endpoints.select(service, port, subset, fixed)
    is_udp = port.protocol is Protocol.UDP
    cluster.load_assignment.CopyFrom(endpoints.load_assignment(cluster.name, fitting, is_udp=is_udp))
    return False


@lru_cache(256)
def http_options(is_http2: bool, idle_timeout: float | None = None) -> any_pb2.Any:
    """Which HTTP is spoken upstream; no idle timeout given: Envoy's hour."""
    options = http_protocol_options_pb2.HttpProtocolOptions()
    if idle_timeout is not None:
        options.common_http_protocol_options.idle_timeout.CopyFrom(protos.seconds(idle_timeout))
    if is_http2:
        options.explicit_http_config.http2_protocol_options.CopyFrom(
            protocol_pb2.Http2ProtocolOptions(allow_connect=True, connection_keepalive=KEEPALIVE)
        )
    else:
        options.explicit_http_config.http_protocol_options.SetInParent()
    return protos.packed(options)


def application_cluster(binding: Binding, guard: Guard) -> Resource:
    """The application behind a sidecar, on one port."""
    name = naming.inbound(binding.name)
    cluster = balancing.shaped(Policy(connect_timeout=1.0))
    cluster.name, cluster.type = name, cluster_pb2.Cluster.STATIC
    cluster.alt_stat_name = str(guard.service)
    cluster.load_assignment.CopyFrom(_single(name, protos.parse_address(binding.application)))
    if binding.protocol.is_http2:
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(True))
    elif binding.protocol.is_http:
        options = http_options(False, APPLICATION_IDLE)
        cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(options)
    return encode(name, cluster, origins=(guard.origin,))


@remember(size=1)
def outside_cluster(settings: Settings) -> Resource:
    """All hosts outside the mesh, spoken to in HTTP/1.1 or with the raw bytes.

    The cluster resolves names itself, as it is asked for them; the HTTP filter of the same name is not needed for that.
    """
    # Without TLS there is no server name to check; Envoy wants to hear that this is meant.
    cache = dns_cache_pb2.DnsCacheConfig(
        name=naming.OUTSIDE,
        dns_lookup_family=cluster_pb2.Cluster.V4_PREFERRED,
        max_hosts=protos.number(16384),
    )
    config = outside_pb2.ClusterConfig(dns_cache_config=cache, allow_insecure_cluster_options=True)
    cluster = balancing.shaped(Policy())
    cluster.name = naming.OUTSIDE
    cluster.cluster_type.name = "envoy.clusters.dynamic_forward_proxy"
    cluster.cluster_type.typed_config.CopyFrom(protos.packed(config))
    cluster.lb_policy = cluster_pb2.Cluster.CLUSTER_PROVIDED
    cluster.typed_extension_protocol_options[HTTP_OPTIONS].CopyFrom(http_options(False))
    return encode(naming.OUTSIDE, cluster, origins=(settings.origin,))


@remember(size=1)
def connect_cluster(settings: Settings) -> Resource:
    """The way from the end of a CONNECT tunnel to the listener that looks at the requests within."""
    internal = address_pb2.EnvoyInternalAddress(server_listener_name=naming.CONNECT)
    cluster = balancing.shaped(Policy())
    cluster.name, cluster.type = naming.CONNECT, cluster_pb2.Cluster.STATIC
    cluster.load_assignment.CopyFrom(_single(naming.CONNECT, address_pb2.Address(envoy_internal_address=internal)))
    return encode(naming.CONNECT, cluster, origins=(settings.origin,))


def _single(name: str, address: address_pb2.Address) -> endpoint_pb2.ClusterLoadAssignment:
    endpoint = endpoint_components_pb2.Endpoint(address=address)
    return endpoint_pb2.ClusterLoadAssignment(
        cluster_name=name,
        endpoints=[
            endpoint_components_pb2.LocalityLbEndpoints(
                lb_endpoints=[endpoint_components_pb2.LbEndpoint(endpoint=endpoint)]
            )
        ],
    )
