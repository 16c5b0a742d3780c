"""Envoy's listeners of the gateway: one a socket, with a filter chain for everybody who shares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.network.sni_cluster.v3 import sni_cluster_pb2

from tulle.envoy import chains, connection_manager, edge_tls, host_patterns, listeners, naming, protos, secrets, sockets
from tulle.envoy.chains import Entry, Speech
from tulle.envoy.edge_tls import Material
from tulle.envoy.streams import Stream, proxy_of, tcp_proxy
from tulle.kit.memo import remember
from tulle.model.listeners import Certificate, ClientCertificates, Listener, ListenerProtocol, TlsHandling
from tulle.model.mesh import Settings
from tulle.xds.snapshot import Resource, encode

Filter = listener_components_pb2.Filter
BUFFER = 32 * 1024
"""Envoy's best practices for the edge: what one connection can make us hold."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a listener is filled with, beyond what it says itself."""

    streams: tuple[Stream, ...] = ()
    """Of a listener that does not read HTTP, the first to be tried first; nothing that fits: connections are closed."""
    material: Material | None = None
    """None where TLS should end and cannot: connections are closed."""


@remember(size=4)
def compile_listener(
    listener: Listener, others: tuple[Listener, ...], settings: Settings, contents: tuple[Content, ...]
) -> Resource:
    """The listener of one socket; `others` share it, `contents` are those of all of them."""
    sharing = (listener, *others)
    socket = sockets.socket(listener)
    name = naming.gateway_listener(socket)
    if listener.protocol is ListenerProtocol.UDP:
        shares = next((stream.shares for content in contents for stream in content.streams), ())
        message = listeners.udp_listener(name, socket.removesuffix("/udp"), *shares)
    else:
        message = listener_pb2.Listener(
            name=name,
            stat_prefix="edge",
            address=protos.socket_address(listener.address, listener.port),
            per_connection_buffer_limit_bytes=protos.number(BUFFER),
        )
        entries = [
            entry
            for each, content in zip(sharing, contents, strict=True)
            for entry in _entries(each, content, settings)
        ]
        chains.fill(message, [*entries, *_closed_hosts(sharing, contents)])
    return encode(name, message, origins=tuple(dict.fromkeys(each.origin for each in sharing)))


def _entries(listener: Listener, content: Content, settings: Settings) -> Iterator[Entry]:
    """The chains of one listener."""
    if sockets.reads_http(listener):
        yield from _for_requests(listener, content, settings)
    elif sockets.has_tls(listener):
        yield from _for_tls(listener, content, settings)
    else:
        for stream in content.streams:
            speech = Speech.TLS if stream.server_names else Speech.BYTES
            yield Entry(stream.server_names, [proxy_of("edge", stream)], speech=speech, subnets=stream.subnets)


def _for_requests(listener: Listener, content: Content, settings: Settings) -> Iterator[Entry]:
    asks = content.material is not None and content.material.trust.handling is not ClientCertificates.NONE
    routes = sockets.route_configuration(listener)
    manager = connection_manager.gateway(settings, routes, asks_clients=asks)
    filters = [connection_manager.network_filter(manager)]
    if not sockets.has_tls(listener):
        yield Entry((), filters, speech=Speech.HTTP)
        return
    for certificates, names in _groups(listener, content):
        yield _ended(listener, content, certificates, settings, Entry(names, filters, speech=Speech.TLS))


def _for_tls(listener: Listener, content: Content, settings: Settings) -> Iterator[Entry]:
    """Connections with TLS whose content is not looked at."""
    if listener.tls is TlsHandling.AUTO_PASSTHROUGH:
        by_name = Filter(name="sni_cluster", typed_config=protos.packed(sni_cluster_pb2.SniCluster()))
        yield Entry(sockets.hosts(listener), [by_name, tcp_proxy("edge")], speech=Speech.TLS)
        return
    for stream in content.streams:
        filters = [proxy_of("edge", stream)]
        wanted = stream.server_names or stream.hosts or (host_patterns.ANY,)
        if not sockets.ends_tls(listener):
            names = host_patterns.narrowed(wanted, sockets.hosts(listener))
            if names:
                yield Entry(names, filters, speech=Speech.TLS, subnets=stream.subnets)
            continue
        for certificates, own in _groups(listener, content):
            names = host_patterns.narrowed(wanted, own)
            if names:
                entry = Entry(names, filters, speech=Speech.TLS, subnets=stream.subnets)
                yield _ended(listener, content, certificates, settings, entry)


def _groups(listener: Listener, content: Content) -> Iterator[tuple[tuple[Certificate, ...], tuple[str, ...]]]:
    """A chain for each certificate with names of its own: a new one leaves the connections of the others alone."""
    certificates = content.material.certificates if content.material is not None else ()
    for each in certificates:
        if each.hosts:
            yield (each,), tuple(map(str.lower, each.hosts))
    default = tuple(each for each in certificates if not each.hosts)
    if default or not certificates:
        yield default, sockets.hosts(listener)


def _ended(
    listener: Listener, content: Content, certificates: tuple[Certificate, ...], settings: Settings, entry: Entry
) -> Entry:
    """With TLS that ends here; if it cannot, connections are closed instead of being taken for somebody else's."""
    if content.material is None:
        return replace(entry, filters=[tcp_proxy("edge")])
    if listener.tls is TlsHandling.MESH:
        return replace(entry, transport_socket=secrets.called(settings.trust_domain))
    socket = edge_tls.ending(listener, certificates, content.material.trust)
    return replace(entry, transport_socket=socket)


def _closed_hosts(sharing: Iterable[Listener], contents: Iterable[Content]) -> Iterator[Entry]:
    """Hosts that a listener has no stream for: closed, and not left to a less specific listener of the socket."""
    for listener, content in zip(sharing, contents, strict=True):
        if not sockets.reads_http(listener) and sockets.has_tls(listener):
            yield Entry(sockets.hosts(listener), [tcp_proxy("edge")], speech=Speech.TLS)
        elif listener.protocol is ListenerProtocol.TCP and not content.streams:
            yield Entry((), [tcp_proxy("edge")], speech=Speech.BYTES)
