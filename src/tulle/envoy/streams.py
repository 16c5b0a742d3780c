"""What a policy says about bytes: it belongs to the TCP proxy in front of a cluster, which has no place for it."""

from __future__ import annotations

from typing import TypeAlias

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.type.v3 import hash_policy_pb2

from tulle.envoy import protos
from tulle.model.policies import Policy, Tunnel

TcpProxy: TypeAlias = tcp_proxy_pb2.TcpProxy


def treat(policy: Policy, proxy: TcpProxy) -> None:
    """Make a TCP proxy do what the policy of its (first) cluster says."""
    # An idle database connection is not a broken one: without a word there is no limit.
    proxy.idle_timeout.CopyFrom(protos.seconds(policy.pool.tcp_idle_timeout or 0))
    if policy.pool.max_connection_duration:
        proxy.max_downstream_connection_duration.CopyFrom(protos.seconds(policy.pool.max_connection_duration))
    hashing = policy.load_balancing.hash_on
    if hashing is not None and hashing.source_ip:
        proxy.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip=hash_policy_pb2.HashPolicy.SourceIp()))
    if policy.tunnel is not None:
        proxy.tunneling_config.CopyFrom(tunneling(policy.tunnel))


def tunneling(tunnel: Tunnel) -> tcp_proxy_pb2.TcpProxy.TunnelingConfig:
    """Through an HTTP proxy: CONNECT (or POST) to the target; the cluster is that of the proxy."""
    host = f"[{tunnel.host}]" if ":" in tunnel.host else tunnel.host
    return TcpProxy.TunnelingConfig(hostname=f"{host}:{tunnel.port}", use_post=tunnel.uses_post)
