"""Rules for connections: which clusters get their bytes, and with what shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2, substitution_format_string_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2 as set_filter_state_values_pb2
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from envoy.type.v3 import hash_policy_pb2

from tulle.envoy import naming, protos, transport
from tulle.envoy.actions import Destinations
from tulle.envoy.meshing import Meshing
from tulle.model import hostnames
from tulle.model.conditions import Conjunction
from tulle.model.names import Name
from tulle.model.policies import Policy, Tunnel
from tulle.model.routes import Backend, RouteSet, StreamMatch, StreamRule
from tulle.model.steps import Step

AccessLog: TypeAlias = accesslog_pb2.AccessLog
NetworkFilter: TypeAlias = listener_components_pb2.Filter
APPLICATION_PROTOCOLS = "envoy.network.application_protocols"
"""What Envoy calls the protocols that a connection offers by TLS, whatever its cluster says."""
CLIENT = "x-tulle-client"
"""Header with the address of a client."""
UNSPOKEN = "bytes"
"""A protocol that no sidecar knows."""
Shares = tuple[tuple[str, int], ...]
"""Clusters and their weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How the bytes of a connection are passed on."""

    idle_timeout: float | None = None
    """Seconds; None: an idle database connection is not a broken one."""
    max_duration: float | None = None
    """Seconds after which a connection is ended, busy or not."""
    tunnel: Tunnel | None = None
    """Through an HTTP proxy, which is the cluster."""
    tells_client: bool = False
    """Whether that proxy is told who the client is (`CLIENT`)."""
    hashes_source: bool = False
    """Whether a client keeps its endpoint, by its address."""


USUAL = Handling()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Connections that are for one of the server names and came to one of the subnets, and where they go."""

    shares: Shares
    """Empty: they are closed."""
    server_names: tuple[str, ...] = ()
    """Empty: whatever is asked for, and without TLS."""
    hosts: tuple[str, ...] = ()
    """The same, where clients speak TLS anyway."""
    subnets: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    handling: Handling = USUAL
    is_read: bool = False
    """Whether a sidecar that gets the bytes reads HTTP in them."""
    conditions: Conjunction = ()
    """Of routers: whatever else must hold."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """From where connections are looked at; decides conditions that are none for Envoy."""

    ports: tuple[int, ...] = ()
    """Numbers by which documents may call the port."""
    gateway: Name | None = None
    namespace: str | None = None
    """Of the caller; None at a gateway, whose callers nobody knows."""
    labels: tuple[tuple[str, str], ...] = ()
    is_decided: bool = False
    """Whether rules for other callers were left out already (`views.for_caller`)."""


def seen(sets: Iterable[RouteSet], vantage: Vantage) -> Iterator[tuple[RouteSet, StreamRule, StreamMatch]]:
    """The rules whose conditions can hold there, in their order."""
    for route_set in sets:
        for rule in route_set.streams:
            for match in rule.matches:
                if _can_hold(match, vantage):
                    yield route_set, rule, match


def compile_streams(sets: Iterable[RouteSet], vantage: Vantage, to: Destinations) -> tuple[Stream, ...]:
    """The streams of all rules that count there, in the order in which they are tried."""
    found = []
    for route_set, rule, match in seen(sets, vantage):
        stream = passed_on(rule.backends, to)
        # Of rules of the mesh the hosts say what is called, not how.
        hosts = () if route_set.service is not None or route_set.mesh_hosts else route_set.hosts
        found.append(
            Stream(
                shares=stream.shares,
                server_names=tuple(map(str.lower, match.server_names)),
                hosts=tuple(map(hostnames.plain, hosts)),
                subnets=match.subnets,
                clients=match.clients,
                protocols=match.protocols,
                handling=stream.handling,
                is_read=stream.is_read,
                conditions=match.conditions,
                steps=rule.steps,
            )
        )
    return tuple(found)


def passed_on(backends: Iterable[Backend], to: Destinations) -> Stream:
    """All connections to backends by weight. What does not exist keeps its share: those connections are closed."""
    live = [each for each in backends if each.weight > 0]
    policies = [policy for each in live if (policy := _policy(each, to)) is not None]
    handling = Handling(
        idle_timeout=next((each.pool.tcp_idle_timeout for each in policies if each.pool.tcp_idle_timeout), None),
        max_duration=next(
            (each.pool.max_connection_duration for each in policies if each.pool.max_connection_duration), None
        ),
        tunnel=next((each.tunnel for each in policies if each.tunnel), None),
        hashes_source=any(each.load_balancing.hash_on and each.load_balancing.hash_on.source_ip for each in policies),
    )
    shares = tuple((_cluster(each, to), each.weight) for each in live)
    return Stream(shares=shares, handling=handling, is_read=any(_is_read(each, to) for each in live))


def tcp_proxy(
    stat_prefix: str, *shares: tuple[str, int], handling: Handling = USUAL, logs: Iterable[AccessLog] = ()
) -> NetworkFilter:
    """Bytes to clusters, by weight of the connections; without clusters they are closed."""
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=stat_prefix, access_log=logs)
    proxy.idle_timeout.CopyFrom(protos.seconds(handling.idle_timeout or 0))
    if len(shares) <= 1:
        proxy.cluster = shares[0][0] if shares else naming.PLACEHOLDER
    else:
        weighted = tcp_proxy_pb2.TcpProxy.WeightedCluster
        proxy.weighted_clusters.clusters.extend(
            weighted.ClusterWeight(name=cluster, weight=weight) for cluster, weight in shares
        )
    if handling.max_duration is not None:
        proxy.max_downstream_connection_duration.CopyFrom(protos.seconds(handling.max_duration))
    if handling.tunnel is not None:
        proxy.tunneling_config.hostname = target(handling.tunnel)
        proxy.tunneling_config.use_post = handling.tunnel.uses_post
    if handling.tells_client:
        address = protos.header(CLIENT, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")
        proxy.tunneling_config.headers_to_add.append(address)
    if handling.hashes_source:
        proxy.hash_policy.append(hash_policy_pb2.HashPolicy(source_ip=hash_policy_pb2.HashPolicy.SourceIp()))
    return NetworkFilter(name="tcp", typed_config=protos.packed(proxy))


def target(tunnel: Tunnel) -> str:
    """What an HTTP proxy is asked for."""
    return f"[{tunnel.host}]:{tunnel.port}" if ":" in tunnel.host else f"{tunnel.host}:{tunnel.port}"


def filters_of(stat_prefix: str, stream: Stream, logs: Iterable[AccessLog] = ()) -> list[NetworkFilter]:
    """The filters that pass on what a stream gets."""
    proxy = tcp_proxy(stat_prefix, *stream.shares, handling=stream.handling, logs=logs)
    return [_unspoken(), proxy] if stream.is_read and stream.handling.tunnel is None else [proxy]


def _unspoken() -> NetworkFilter:
    """Sidecars are not told which HTTP it is, because nobody knows; they see it in the first bytes.

    Clusters of HTTP offer HTTP/2, which is what proxies speak with each other, and a sidecar would take that.
    """
    value = set_filter_state_values_pb2.FilterStateValue(
        object_key=APPLICATION_PROTOCOLS,
        format_string=substitution_format_string_pb2.SubstitutionFormatString(
            text_format_source=base_pb2.DataSource(inline_string=UNSPOKEN)
        ),
        shared_with_upstream=set_filter_state_values_pb2.FilterStateValue.ONCE,
    )
    config = set_filter_state_pb2.Config(on_new_connection=[value])
    return NetworkFilter(name="unspoken", typed_config=protos.packed(config))


def _cluster(backend: Backend, to: Destinations) -> str:
    return naming.PLACEHOLDER if backend.problem else to.cluster(backend)


def _policy(backend: Backend, to: Destinations) -> Policy | None:
    treated = to.treatment(backend)
    return treated.policy if treated is not None else None


def _is_read(backend: Backend, to: Destinations) -> bool:
    """Whether a sidecar stands there that reads HTTP. Servers outside are told what their clusters say."""
    service, port, treated = to.services.get(backend.service), to.port(backend), to.treatment(backend)
    if service is None or port is None or treated is None or not port.protocol.is_http:
        return False
    policy = treated.policy
    return transport.encryption(service, port, policy) is not Meshing.NONE and not transport.originates(port, policy)


def _can_hold(match: StreamMatch, vantage: Vantage) -> bool:
    if match.ports and not set(match.ports).intersection(vantage.ports):
        return False
    if match.gateways and vantage.gateway not in match.gateways:
        return False
    source = match.source
    if source is None or vantage.is_decided:
        return True
    if vantage.namespace is None or source.namespace not in {"", vantage.namespace}:
        return False
    return set(source.labels) <= set(vantage.labels)
