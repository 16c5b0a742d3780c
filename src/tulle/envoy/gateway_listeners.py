"""Envoy's listeners of the gateway: one a socket, with a filter chain for everybody who shares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.network.direct_response.v3 import config_pb2 as direct_response_pb2
from envoy.extensions.filters.network.sni_cluster.v3 import sni_cluster_pb2

from tulle.envoy import (
    access_logs,
    chains,
    connection_access,
    connection_manager,
    edge_tls,
    entrances,
    listeners,
    naming,
    ordered_chains,
    protos,
    quic,
    secrets,
    sockets,
)
from tulle.envoy.chains import Entry, Speech
from tulle.envoy.edge_tls import Material
from tulle.envoy.filters import registry
from tulle.envoy.filters.base import Chain, Side
from tulle.envoy.streams import Stream, filters_of, tcp_proxy
from tulle.kit.memo import remember
from tulle.model import hostnames
from tulle.model.guards import Guard
from tulle.model.listeners import Certificate, ClientCertificates, Listener, ListenerProtocol, TlsHandling
from tulle.model.mesh import Settings
from tulle.model.services import Port
from tulle.model.steps import AllowAddresses
from tulle.xds.snapshot import Resource, encode

Filter: TypeAlias = listener_components_pb2.Filter
ALERT, FATAL, TLS_1_2 = 21, 2, (3, 3)
UNRECOGNIZED_NAME, NO_PROTOCOL = 112, 120
"""Why TLS cannot begin, by the numbers of its alerts."""
BUFFER = 32 * 1024
"""Envoy's best practices for the edge: what one connection can make us hold."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a listener is filled with, beyond what it says itself."""

    streams: tuple[Stream, ...] = ()
    """Of a listener that does not read HTTP, the first to be tried first; nothing that fits: connections are closed."""
    material: Material | None = None
    """None where TLS should end and cannot: connections are closed."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a gateway enforces, and the clusters of whom it asks."""

    guard: Guard | None = None
    clusters: tuple[tuple[str, str], ...] = ()

    def chain(self, listener: Listener, settings: Settings) -> Chain:
        """The port as policies may mean it: as it was written, or where it really is."""
        number = listener.declared_port or listener.port
        port = Port(name=listener.section or listener.name.name, number=number, target=listener.port)
        owner = f"{naming.gateway_listener(sockets.socket(listener))}|{number}"
        return Chain(
            side=Side.GATEWAY,
            settings=settings,
            guard=self.guard,
            port=port,
            clusters=self.clusters,
            owner=owner,
            entrance=listener.entrance,
            is_encrypted=sockets.has_tls(listener),
        )

    def passed(self, listener: Listener, settings: Settings, stream: Stream) -> list[Filter]:
        """The filters that pass on the bytes of a connection, if it is allowed."""
        chain = self.chain(listener, settings)
        passing = filters_of("edge", stream, access_logs.connection_logs(chain))
        return [*connection_access.filters(chain), *passing]


UNGUARDED = Guarded()


@remember(size=4)
def compile_listener(
    listener: Listener,
    others: tuple[Listener, ...],
    settings: Settings,
    contents: tuple[Content, ...],
    guarded: Guarded = UNGUARDED,
) -> Resource:
    """The listener of one socket; `others` share it, `contents` are those of all of them."""
    sharing = (listener, *others)
    socket = sockets.socket(listener)
    name = naming.gateway_listener(socket)
    if listener.protocol is ListenerProtocol.UDP:
        shares = next((stream.shares for content in contents for stream in content.streams), ())
        timeout = listener.entrance.idle_timeout if listener.entrance is not None else None
        message = listeners.udp_listener(name, socket.removesuffix("/udp"), *shares, timeout=timeout)
    else:
        message = listener_pb2.Listener(
            name=name,
            stat_prefix="edge",
            address=protos.socket_address(listener.address, listener.port),
            per_connection_buffer_limit_bytes=protos.number(BUFFER),
        )
        _fill(message, sharing, contents, settings, guarded)
    return encode(name, message, origins=tuple(dict.fromkeys(each.origin for each in sharing)))


@remember(size=4)
def compile_quic(
    listener: Listener,
    others: tuple[Listener, ...],
    settings: Settings,
    contents: tuple[Content, ...],
    guarded: Guarded = UNGUARDED,
) -> Resource | None:
    """The same for HTTP/3; None if it is not spoken there."""
    pairs = [pair for pair in zip((listener, *others), contents, strict=True) if _speaks_http3(pair[0])]
    entries = [
        entry
        for each, content in pairs
        for found in _for_requests(each, content, settings, guarded)
        if (entry := quic.over(found, each.certified)) is not None
    ]
    origins = tuple(dict.fromkeys(each.origin for each, _ in pairs))
    return quic.listener(listener, entries, origins) if entries else None


def _speaks_http3(listener: Listener) -> bool:
    is_asked = listener.entrance is not None and listener.entrance.http3 > 0 and not listener.offers
    is_new = listener.versions.maximum in {"", edge_tls.HIGHEST}
    return is_asked and is_new and sockets.reads_http(listener) and sockets.has_tls(listener)


def _fill(
    message: listener_pb2.Listener,
    sharing: tuple[Listener, ...],
    contents: tuple[Content, ...],
    settings: Settings,
    guarded: Guarded,
) -> None:
    """Give it the chains of all that share the socket."""
    entries = [
        entry
        for each, content in zip(sharing, contents, strict=True)
        for entry in _entries(each, content, settings, guarded)
    ]
    if any(each.entrance for each in sharing):
        ordered_chains.fill(message, entries)
        if message.listener_filters and not message.continue_on_listener_filters_timeout:
            # Who begins with TLS has to come to the end of it, as with requests.
            patience = max(each.entrance.read_timeout for each in sharing if each.entrance)
            message.listener_filters_timeout.CopyFrom(protos.seconds(patience))
    else:
        chains.fill(message, [*entries, *_closed_hosts(sharing, contents)])
    if any(each.entrance and each.entrance.proxy_protocol for each in sharing):
        message.listener_filters.insert(0, entrances.proxy_protocol())


@remember(size=4)
def compile_filters(
    listener: Listener, others: tuple[Listener, ...], settings: Settings, guarded: Guarded = UNGUARDED
) -> tuple[Resource, ...]:
    """What is in the slots of the listener of one socket, for each number that its port has in documents."""
    reading = filter(sockets.reads_http, (listener, *others))
    chains = {chain.owner: chain for chain in (guarded.chain(each, settings) for each in reading)}
    written = guarded.guard.origins if guarded.guard is not None else ()
    origins = tuple(dict.fromkeys((*written, *(each.origin for each in (listener, *others)))))
    return tuple(resource for each in chains.values() for resource in registry.delivered(each, origins))


def _entries(listener: Listener, content: Content, settings: Settings, guarded: Guarded) -> Iterator[Entry]:
    """The chains of one listener."""
    if sockets.reads_http(listener):
        yield from _for_requests(listener, content, settings, guarded)
    elif sockets.has_tls(listener):
        yield from _for_tls(listener, content, settings, guarded)
    else:
        for stream in content.streams:
            speech = Speech.TLS if stream.server_names else Speech.BYTES
            filters = guarded.passed(listener, settings, stream)
            entry = replace(_for_stream(listener, stream.server_names, stream), filters=filters, speech=speech)
            yield from _shut_out(entry, stream)
            yield entry


def _for_requests(listener: Listener, content: Content, settings: Settings, guarded: Guarded) -> Iterator[Entry]:
    asks = content.material is not None and content.material.trust.handling is not ClientCertificates.NONE
    routes = sockets.route_configuration(listener)
    usual = guarded.chain(listener, settings)
    if sockets.has_tls(listener):
        yield from _refused(listener, Entry(sockets.hosts(listener), (), speech=Speech.TLS))
    for entry, chain in _read_as(listener, usual):
        manager = connection_manager.gateway(chain, routes, asks_clients=asks)
        filters = [*entry.filters, connection_manager.network_filter(manager)]
        if not sockets.has_tls(listener):
            yield replace(entry, filters=filters)
            continue
        for certificates, names in _groups(listener, content):
            with_tls = replace(entry, server_names=names, filters=filters, speech=Speech.TLS, protocols=listener.offers)
            yield _ended(listener, content, certificates, settings, with_tls)


def _read_as(listener: Listener, chain: Chain) -> Iterator[tuple[Entry, Chain]]:
    """The chain; of an entry point once for each way in which requests are read, with whom it is for."""
    if listener.entrance is None:
        yield Entry((), (), speech=Speech.HTTP), chain
        return
    for each in entrances.variants(listener.entrance):
        filters = [entrances.noted(each.address, listener.ending)]
        entry = Entry((), filters, speech=Speech.HTTP, peers=each.peers, clients=each.clients)
        yield entry, replace(chain, entrance=each.entrance)


def _for_tls(listener: Listener, content: Content, settings: Settings, guarded: Guarded) -> Iterator[Entry]:
    """Connections with TLS whose content is not looked at."""
    if listener.tls is TlsHandling.AUTO_PASSTHROUGH:
        by_name = Filter(name="sni_cluster", typed_config=protos.packed(sni_cluster_pb2.SniCluster()))
        *before, proxy = guarded.passed(listener, settings, Stream(shares=()))
        yield Entry(sockets.hosts(listener), [*before, by_name, proxy], speech=Speech.TLS)
        return
    for stream in content.streams:
        filters = guarded.passed(listener, settings, stream)
        wanted = stream.server_names or stream.hosts or (hostnames.ANY,)
        if not sockets.ends_tls(listener):
            names = hostnames.narrowed(wanted, sockets.hosts(listener))
            if names:
                entry = replace(_for_stream(listener, names, stream), filters=filters)
                yield from _shut_out(entry, stream)
                yield entry
            continue
        for certificates, own in _groups(listener, content):
            names = hostnames.narrowed(wanted, own)
            if names:
                entry = replace(_for_stream(listener, names, stream), filters=filters)
                yield from _shut_out(entry, stream)
                yield from _refused(listener, entry)
                yield _ended(listener, content, certificates, settings, entry)


def _for_stream(listener: Listener, names: tuple[str, ...], stream: Stream) -> Entry:
    """For whom a stream is."""
    return Entry(
        names,
        (),
        speech=Speech.TLS,
        subnets=stream.subnets,
        clients=stream.clients,
        protocols=stream.protocols,
        conditions=stream.conditions,
        proxies=listener.entrance.proxy_protocol if listener.entrance is not None else None,
    )


def _shut_out(entry: Entry, stream: Stream) -> Iterator[Entry]:
    """Clients whose connections are closed though they are for a router, before the others."""
    for step in stream.steps:
        if isinstance(step, AllowAddresses):
            yield replace(entry, filters=[tcp_proxy("edge")], outside=step.ranges)


def _refused(listener: Listener, entry: Entry) -> Iterator[Entry]:
    """Clients with which TLS cannot begin, as Go's does not: they come before the others that an entry is for."""
    if listener.entrance is None or listener.offers:
        return
    if listener.certified is not None:
        yield replace(entry, filters=[_alert(UNRECOGNIZED_NAME)], unlike=listener.certified)
    if listener.alpn:
        # Clients that know no HTTP/2 are served where only that is offered.
        known = (*listener.alpn, "http/1.1") if "h2" in listener.alpn else listener.alpn
        yield replace(entry, filters=[_alert(NO_PROTOCOL)], unknown_to=known)


def _alert(description: int) -> Filter:
    """TLS is broken off before it begins, and the client told why."""
    record = bytes((ALERT, *TLS_1_2, 0, 2, FATAL, description))
    config = direct_response_pb2.Config(response=base_pb2.DataSource(inline_bytes=record))
    return Filter(name="alert", typed_config=protos.packed(config))


def _groups(listener: Listener, content: Content) -> Iterator[tuple[tuple[Certificate, ...], tuple[str, ...]]]:
    """A chain for each certificate with names of its own: a new one leaves the connections of the others alone."""
    certificates = content.material.certificates if content.material is not None else ()
    for each in certificates:
        if each.hosts:
            yield (each,), hostnames.narrowed(map(str.lower, each.hosts), sockets.hosts(listener))
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
    trust = content.material.trust
    socket = edge_tls.ending(listener, certificates, trust)
    return replace(entry, filters=[*edge_tls.filters(trust), *entry.filters], transport_socket=socket)


def _closed_hosts(sharing: Iterable[Listener], contents: Iterable[Content]) -> Iterator[Entry]:
    """Hosts that a listener has no stream for: closed, and not left to a less specific listener of the socket."""
    for listener, content in zip(sharing, contents, strict=True):
        if not sockets.reads_http(listener) and sockets.has_tls(listener):
            yield Entry(sockets.hosts(listener), [tcp_proxy("edge")], speech=Speech.TLS)
        elif listener.protocol is ListenerProtocol.TCP and not content.streams:
            yield Entry((), [tcp_proxy("edge")], speech=Speech.BYTES)
