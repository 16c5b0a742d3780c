"""Listeners of a sidecar. They change as rarely as possible, because a changed listener drains its connections."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2, udp_listener_config_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2 as network_rbac_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import route_pb2 as udp_route_pb2
from envoy.extensions.filters.udp.udp_proxy.v3 import udp_proxy_pb2
from envoy.extensions.matching.common_inputs.network.v3 import network_inputs_pb2
from envoy.extensions.matching.input_matchers.runtime_fraction.v3 import runtime_fraction_pb2
from google.protobuf.message import Message
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import connection_manager, naming, protos, secrets
from tulle.envoy.chains import Entry, fill
from tulle.envoy.filters import access
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.streams import Shares, Stream, proxy_of, tcp_proxy
from tulle.kit.memo import remember
from tulle.model.mesh import Settings
from tulle.model.services import Port, Protocol, Service
from tulle.model.workloads import Binding, Forward
from tulle.xds.snapshot import Resource, encode

Listener: TypeAlias = listener_pb2.Listener
NetworkFilter: TypeAlias = listener_components_pb2.Filter
FilterChain: TypeAlias = listener_components_pb2.FilterChain
Matcher: TypeAlias = matcher_pb2.Matcher
OnMatch: TypeAlias = matcher_pb2.Matcher.OnMatch

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
def forward(settings: Settings, to: Forward, rules: tuple[Stream, ...] = ()) -> Resource:
    """A local port of the sidecar for one TCP or UDP service; rules for calls to it come first."""
    name, cluster = naming.forward(to.service, to.port), naming.cluster(to.service, to.port)
    everything = Stream(shares=((cluster, 1),))
    if to.protocol is Protocol.UDP:
        rest = next((each for each in rules if not each.server_names), everything)
        listener = udp_listener(name, to.address, *rest.shares)
    else:
        listener = Listener(
            name=name,
            stat_prefix="fwd",
            address=protos.parse_address(to.address),
            enable_reuse_port=ALONE,
        )
        # What the caller connects to is this port, whatever address it means: subnets say nothing here.
        plain = (dataclasses.replace(each, subnets=()) for each in (*rules, everything))
        fill(listener, [Entry(stream.server_names, [proxy_of("fwd", stream)]) for stream in plain])
    return encode(name, listener, origins=(settings.origin,))


def udp_listener(name: str, address: str, *shares: tuple[str, int]) -> Listener:
    """Datagrams to clusters by weight of the clients; each keeps its endpoint as long as it is heard of."""
    config = udp_proxy_pb2.UdpProxyConfig(stat_prefix="udp", matcher=_shared(shares or ((naming.PLACEHOLDER, 1),)))
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
