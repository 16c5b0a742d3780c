"""Where other proxies call an application: each port with no more than its guard needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2

from tulle.envoy import access_logs, connection_access, connection_manager, naming, protos, secrets
from tulle.envoy.attempts import attempt
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.listeners import ALONE, FilterChain, NetworkFilter
from tulle.envoy.streams import tcp_proxy
from tulle.kit.memo import remember
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.security import PeerMode
from tulle.model.services import Port, Protocol
from tulle.model.workloads import Binding
from tulle.xds.snapshot import LISTENER, Resource, encode

Names = tuple[tuple[str, str], ...]
PROTOCOLS = {"http": Protocol.HTTP, "http2": Protocol.HTTP2, "grpc": Protocol.GRPC, "https": Protocol.TLS}
"""What documents call protocols of sidecars, if not as we do; everything else is bytes."""
PATIENCE = 1.0
"""Seconds in which a client must begin, where it may speak TLS or not; after that it is plain text."""


class Served(NamedTuple):
    """A port of a workload, and where it really is."""

    port: Port
    binding: Binding


def served(guard: Guard, bindings: tuple[Binding, ...]) -> Iterator[Served]:
    """The ports of an instance that are called through its proxy; a document may redirect or retype them."""
    for binding in bindings:
        port = guard.port(binding.name) or _numbered(guard, binding.number)
        if port is None:
            continue
        ingress = (
            next((each for each in guard.scope.ingress if each.port == port.number), None) if guard.scope else None
        )
        if ingress is not None:
            port = replace(port, protocol=PROTOCOLS.get(ingress.protocol.lower(), Protocol.TCP))
            application = _application(guard, ingress.application, bindings) or binding.application
            binding = replace(binding, application=application)
        if port.protocol is not Protocol.UDP:
            yield Served(port, replace(binding, protocol=port.protocol))


def _numbered(guard: Guard, number: int) -> Port | None:
    return next((each for each in guard.ports if each.number == number), None) if number else None


def _application(guard: Guard, text: str, bindings: tuple[Binding, ...]) -> str:
    """Where a document says that the application is: at a port of the workload, which may really be another one."""
    number = text.rpartition(":")[2]
    for binding in bindings if number.isdecimal() else ():
        port = guard.port(binding.name) or _numbered(guard, binding.number)
        if port is not None and port.number == int(number):
            return binding.application
    return text


@remember(size=4096)
def filters(
    guard: Guard, port: Port, binding: Binding, settings: Settings, clusters: Names = ()
) -> tuple[Resource, ...]:
    """What is in the slots of one port of the application, if requests are seen there."""
    chain = _chain(guard, port, binding, settings, clusters)
    return registry.delivered(chain, guard.origins) if port.protocol.is_http else ()


def _chain(guard: Guard, port: Port, binding: Binding, settings: Settings, clusters: Names) -> Chain:
    return Chain(
        side=Side.INBOUND,
        settings=settings,
        guard=guard,
        port=port,
        clusters=clusters,
        owner=naming.inbound(binding.name),
    )


@remember(size=4096)
def listener(guard: Guard, port: Port, binding: Binding, settings: Settings, clusters: Names = ()) -> Resource:
    """One port of the application: mutual TLS, plain text, or both, as its guard says."""
    name = naming.inbound(binding.name)
    return attempt(LISTENER, name, guard.origins, lambda: _listener(name, guard, port, binding, settings, clusters))


def _listener(name: str, guard: Guard, port: Port, binding: Binding, settings: Settings, clusters: Names) -> Resource:
    chain = _chain(guard, port, binding, settings, clusters)
    filters = _inspected(chain, binding) if port.protocol.is_http else _passed(chain, binding)
    mode = guard.takes(port.number)
    message = listener_pb2.Listener(
        name=name,
        stat_prefix="in",
        address=protos.socket_address(binding.address, binding.port),
        enable_reuse_port=ALONE,
    )
    if mode is not PeerMode.DISABLE:
        encrypted = message.filter_chains.add(filters=filters)
        encrypted.transport_socket.CopyFrom(secrets.called(settings.trust_domain, settings.trust_domain_aliases))
        if mode is PeerMode.PERMISSIVE:
            encrypted.filter_chain_match.transport_protocol = "tls"
    if mode is not PeerMode.STRICT:
        message.filter_chains.append(FilterChain(filters=filters))
    if mode is not PeerMode.DISABLE:
        # Even where everybody speaks TLS: a policy may ask one day for the name that a client called.
        _inspect(message)
    return encode(name, message, origins=guard.origins)


def _inspect(message: listener_pb2.Listener) -> None:
    """Look at how a client begins. One that waits for the server to begin does not speak TLS."""
    config = protos.packed(tls_inspector_pb2.TlsInspector())
    message.listener_filters.append(listener_components_pb2.ListenerFilter(name="tls_inspector", typed_config=config))
    message.listener_filters_timeout.CopyFrom(protos.seconds(PATIENCE))
    message.continue_on_listener_filters_timeout = True


def _inspected(chain: Chain, binding: Binding) -> list[NetworkFilter]:
    manager = connection_manager.inbound(chain, _to_application(binding))
    return [connection_manager.network_filter(manager)]


def _passed(chain: Chain, binding: Binding) -> list[NetworkFilter]:
    proxy = tcp_proxy("in", (naming.inbound(binding.name), 1), logs=access_logs.connection_logs(chain))
    return [*connection_access.filters(chain), proxy]


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
