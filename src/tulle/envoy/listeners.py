"""Listeners of a sidecar. They change as rarely as possible, because a changed listener drains its connections."""

from __future__ import annotations

from typing import TypeAlias

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2, udp_listener_config_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2 as udp_route_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from envoy.extensions.matching.common_inputs.network.v3 import network_inputs_pb2
from envoy.extensions.matching.input_matchers.runtime_fraction.v3 import runtime_fraction_pb2
from google.protobuf.message import Message
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import connection_manager, naming, protos
from tulle.envoy.attempts import attempt
from tulle.envoy.chains import Entry, fill
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.streams import Shares, Stream, filters_of
from tulle.kit.memo import remember
from tulle.model.documents import Origin
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.services import Protocol
from tulle.model.workloads import Forward
from tulle.xds.snapshot import LISTENER, Resource, encode

Listener: TypeAlias = listener_pb2.Listener
NetworkFilter: TypeAlias = listener_components_pb2.Filter
FilterChain: TypeAlias = listener_components_pb2.FilterChain
Matcher: TypeAlias = matcher_pb2.Matcher
OnMatch: TypeAlias = matcher_pb2.Matcher.OnMatch

CLOSED = Stream(shares=())
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
    chain = Chain(side=Side.OUTBOUND, settings=settings, guard=guard)
    return attempt(LISTENER, naming.OUTBOUND, _origins(chain), lambda: _outbound(chain, namespace, address))


@remember(size=1024)
def _plain_connect(settings: Settings, namespace: str) -> Resource:
    return _connect(Chain(side=Side.CONNECT, settings=settings), namespace)


@remember(size=8)
def _guarded_connect(guard: Guard, settings: Settings, namespace: str) -> Resource:
    chain = Chain(side=Side.CONNECT, settings=settings, guard=guard)
    return attempt(LISTENER, naming.CONNECT, _origins(chain), lambda: _connect(chain, namespace))


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
def forward(settings: Settings, to: Forward, streams: tuple[Stream, ...] = ()) -> Resource:
    """A local port of the sidecar for one TCP or UDP service; what no stream takes is closed."""
    name = naming.forward(to.service, to.port, is_udp=to.protocol is Protocol.UDP)
    if to.protocol is Protocol.UDP:
        shares = next((each.shares for each in streams if not each.server_names), ())
        listener = udp_listener(name, to.address, *shares)
    else:
        listener = Listener(
            name=name,
            stat_prefix="fwd",
            address=protos.parse_address(to.address),
            enable_reuse_port=ALONE,
        )
        # What the caller connects to is this port, whatever address it means: subnets say nothing here.
        fill(listener, [Entry(stream.server_names, filters_of("fwd", stream)) for stream in streams or (CLOSED,)])
    return encode(name, listener, origins=(settings.origin,))


def udp_listener(name: str, address: str, *shares: tuple[str, int], timeout: float | None = None) -> Listener:
    """Datagrams to clusters by weight of the clients; each keeps its endpoint as long as it is heard of."""
    config = udp_proxy_pb2.UdpProxyConfig(stat_prefix="udp", matcher=_shared(shares or ((naming.PLACEHOLDER, 1),)))
    if timeout is not None:
        config.idle_timeout.CopyFrom(protos.seconds(timeout))
    return Listener(
        name=name,
        stat_prefix="udp",
        address=protos.parse_address(address, is_udp=True),
        udp_listener_config=udp_listener_config_pb2.UdpListenerConfig(),
        listener_filters=[listener_components_pb2.ListenerFilter(name="udp", typed_config=protos.packed(config))],
    )


def _shared(shares: Shares) -> Matcher:
    """Envoy has no weights for UDP: of the clients, told apart by their ports, a part goes one way, and so on."""
    *first, (last, _) = shares
    matcher = Matcher(on_no_match=_towards(last))
    left = sum(weight for _, weight in shares)
    for index, (cluster, weight) in enumerate(first):
        chance = runtime_fraction_pb2.RuntimeFraction(
            # Another seed at each step: those who are left would all be alike otherwise.
            runtime_fraction=protos.runtime_fraction(100 * weight / left),
            seed=index + 1,
        )
        single = Matcher.MatcherList.Predicate.SinglePredicate(
            input=_extension("port", network_inputs_pb2.SourcePortInput()), custom_match=_extension("share", chance)
        )
        part = Matcher.MatcherList.FieldMatcher(
            predicate=Matcher.MatcherList.Predicate(single_predicate=single), on_match=_towards(cluster)
        )
        matcher.matcher_list.matchers.append(part)
        left -= weight
    return matcher


def _towards(cluster: str) -> OnMatch:
    return OnMatch(action=_extension("route", udp_route_pb2.Route(cluster=cluster)))


def _extension(name: str, config: Message) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(name=name, typed_config=protos.packed(config))
