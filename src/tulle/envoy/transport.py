"""Transport sockets of clusters: mutual TLS of the mesh, TLS to others, the PROXY protocol, or nothing of it."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, proxy_protocol_pb2
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2

from tulle.envoy import client_tls, health_checks, protos, secrets
from tulle.envoy.endpoints import PLAIN
from tulle.envoy.meshing import Meshing, meshing
from tulle.model.names import full_host
from tulle.model.policies import ClientTls, HealthCheck, Policy, TlsMode
from tulle.model.security import Identity
from tulle.model.services import Port, Protocol, Service

TransportSocket: TypeAlias = base_pb2.TransportSocket
RAW = TransportSocket(name="envoy.transport_sockets.raw_buffer", typed_config=protos.packed(raw_buffer_pb2.RawBuffer()))
VERSIONS = {1: proxy_protocol_pb2.ProxyProtocolConfig.V1, 2: proxy_protocol_pb2.ProxyProtocolConfig.V2}


def encryption(service: Service, port: Port, policy: Policy) -> Meshing:
    """Which endpoints are called by mutual TLS of the mesh, after all."""
    if policy.tls is None or port.protocol is Protocol.UDP:
        return meshing(service, port)
    return Meshing.ALL if policy.tls.mode is TlsMode.MESH else Meshing.NONE


def originates(port: Port, policy: Policy) -> ClientTls | None:
    """The TLS that is spoken to whoever is there, mesh or not; None if there is none, or that of the mesh."""
    tls = policy.tls
    is_any = tls is not None and port.protocol is not Protocol.UDP and tls.mode in {TlsMode.SIMPLE, TlsMode.MUTUAL}
    return tls if is_any else None


def secure(
    service: Service,
    port: Port,
    policy: Policy,
    trust_domain: str,
    cluster: cluster_pb2.Cluster,
    *,
    protocols: list[str],
) -> None:
    """Give a cluster its transport sockets; `protocols` are those that sidecars are offered (none: by connection)."""
    meshed = encryption(service, port, policy)
    plain = _plain(service, port, policy)
    if meshed is Meshing.NONE:
        if plain is not RAW:
            cluster.transport_socket.CopyFrom(plain)
        return
    mutual = _mutual(service, policy, trust_domain, protocols)
    if meshed is Meshing.ALL:
        cluster.transport_socket.CopyFrom(mutual)
        return
    match = cluster.transport_socket_matches.add(name="plain", transport_socket=plain)
    match.match.update({PLAIN: "yes"})
    cluster.transport_socket_matches.add(name="meshed", transport_socket=mutual).match.SetInParent()


def check_by(check: HealthCheck, cluster: cluster_pb2.Cluster) -> None:
    """Give a cluster a transport socket for checks alone, where they speak another scheme than requests.

    A check asks whether somebody is there, not who: certificates are not verified.
    """
    if not check.scheme:
        return
    blind = ClientTls(mode=TlsMode.SIMPLE, skips_verification=True)
    socket = client_tls.originating(blind, "", ()) if check.scheme == "https" else RAW
    match = cluster.transport_socket_matches.add(name="check", transport_socket=socket)
    match.match.CopyFrom(health_checks.criteria(check.scheme))


def own_host(service: Service) -> str:
    """The one name that callers know a service by; empty if there are several, or patterns."""
    hosts = service.full_hosts
    return hosts[0] if len(hosts) == 1 and "*" not in hosts[0] else ""


def identities(service: Service, trust_domain: str) -> tuple[str, ...]:
    """Everything that a sidecar before an endpoint of the service may show as its name."""
    # What says nothing of its account has the one that Kubernetes gives it.
    accounts = {*filter(None, (service.account, *service.accounts))} or {"default"}
    own = (str(Identity(trust_domain, service.name.namespace, account)) for account in sorted(accounts))
    return tuple(dict.fromkeys((*own, *service.identities)))


def _mutual(service: Service, policy: Policy, trust_domain: str, protocols: list[str]) -> TransportSocket:
    tls = policy.tls or ClientTls(mode=TlsMode.MESH)
    names = tls.subject_alt_names or identities(service, trust_domain)
    server_name = tls.server_name or full_host(service.name)
    return secrets.calling(names, server_name, protocols)


def _plain(service: Service, port: Port, policy: Policy) -> TransportSocket:
    """Towards endpoints without a sidecar. Sidecars would not understand the PROXY protocol: it is only for these."""
    tls = originates(port, policy)
    inner = RAW
    if tls is not None:
        inner = client_tls.originating(tls, own_host(service), tls.subject_alt_names or service.identities)
    if policy.proxy_protocol not in VERSIONS or port.protocol is Protocol.UDP:
        return inner
    config = proxy_protocol_pb2.ProxyProtocolConfig(version=VERSIONS[policy.proxy_protocol])
    content = upstream_proxy_protocol_pb2.ProxyProtocolUpstreamTransport(config=config, transport_socket=inner)
    return TransportSocket(name="envoy.transport_sockets.upstream_proxy_protocol", typed_config=protos.packed(content))
