"""HTTP/3 beside an entry point with TLS: the same requests on the same port, over UDP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.transport_sockets.quic.v3 import quic_transport_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from tulle.envoy import connection_manager, naming, ordered_chains, protos
from tulle.envoy.chains import Entry
from tulle.model import hostnames
from tulle.model.documents import Origin
from tulle.model.listeners import Listener
from tulle.xds.snapshot import Resource, encode

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
PROTOCOL = "h3"


def listener(at: Listener, entries: Iterable[Entry], origins: tuple[Origin, ...]) -> Resource:
    """The socket for UDP at the address of a listener."""
    name = naming.gateway_listener(naming.socket(at.address, at.port, is_udp=True))
    address = protos.socket_address(at.address, at.port, is_udp=True)
    message = listener_pb2.Listener(name=name, stat_prefix="edge", address=address)
    message.udp_listener_config.quic_options.SetInParent()
    ordered_chains.fill_all(message, entries)
    return encode(name, message, origins=origins)


def over(entry: Entry, certified: tuple[str, ...] | None) -> Entry | None:
    """What reads requests over TLS, over QUIC instead, for names that are `certified` if that is demanded.

    None if that cannot be: Envoy asks nobody for certificates there. Whoever asks for such a host all the same comes to
    another chain, where no router is for them.
    """
    if entry.transport_socket is None or entry.filters[-1].name != connection_manager.NAME:
        return None
    context = tls_pb2.DownstreamTlsContext.FromString(entry.transport_socket.typed_config.value)
    common = context.common_tls_context
    names = entry.server_names if certified is None else hostnames.narrowed(certified, entry.server_names)
    if common.WhichOneof("validation_context_type") or not names:
        return None
    common.alpn_protocols[:] = [PROTOCOL]
    common.ClearField("tls_params")
    packed = protos.packed(quic_transport_pb2.QuicDownstreamTransport(downstream_tls_context=context))
    *before, reading = entry.filters
    return replace(
        entry,
        server_names=names,
        filters=[*before, _reading(reading)],
        transport_socket=base_pb2.TransportSocket(name="quic", typed_config=packed),
    )


def _reading(filter_: listener_components_pb2.Filter) -> listener_components_pb2.Filter:
    manager = Manager.FromString(filter_.typed_config.value)
    manager.codec_type = Manager.HTTP3
    manager.http3_protocol_options.SetInParent()
    return connection_manager.network_filter(manager)
