"""HTTP/3 at entry points: the chains that read HTTP/2 over TLS, as QUIC has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2, protocol_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2, quic_config_pb2, udp_listener_config_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.transport_sockets.quic.v3 import quic_transport_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from tulle.envoy import chains, naming, protos, sockets
from tulle.envoy.chains import Entry
from tulle.envoy.edge_tls import Material
from tulle.envoy.gateway_listeners import UNGUARDED, Content, Guarded, for_requests
from tulle.kit.memo import remember
from tulle.model.listeners import ClientCertificates, Listener, ListenerProtocol
from tulle.model.mesh import Settings
from tulle.xds.snapshot import Resource, encode

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager


def is_wanted(listener: Listener) -> bool:
    """Whether HTTP/3 is spoken, too: by whoever speaks HTTP over TLS at an entry point that says so."""
    entrance = listener.entrance
    return entrance is not None and entrance.advertised > 0 and listener.protocol is ListenerProtocol.HTTPS


def is_possible(material: Material | None) -> bool:
    """Whether TLS can be ended this way. Envoy asks nobody for certificates over QUIC: those for whose hosts it should
    must not come in by another way."""
    return material is not None and material.trust.handling is ClientCertificates.NONE


@remember(size=4)
def compile_listener(
    listener: Listener,
    others: tuple[Listener, ...],
    settings: Settings,
    materials: tuple[Material | None, ...],
    guarded: Guarded = UNGUARDED,
) -> Resource:
    """The listener for QUIC of one socket, for all that share it."""
    sharing = (listener, *others)
    name = naming.quic_listener(naming.gateway_listener(sockets.socket(listener)))
    address = protos.socket_address(listener.address, listener.port)
    address.socket_address.protocol = address.socket_address.UDP
    message = listener_pb2.Listener(
        name=name,
        stat_prefix="edge",
        address=address,
        udp_listener_config=udp_listener_config_pb2.UdpListenerConfig(
            quic_options=quic_config_pb2.QuicProtocolOptions()
        ),
    )
    entries = [
        _over_quic(entry)
        for each, material in zip(sharing, materials, strict=True)
        for entry in for_requests(each, Content(material=material), settings, guarded)
    ]
    chains.fill(message, entries)
    message.ClearField("listener_filters")  # QUIC tells names by itself.
    return encode(name, message, origins=tuple(dict.fromkeys(each.origin for each in sharing)))


def _over_quic(entry: Entry) -> Entry:
    *before, last = entry.filters
    return replace(entry, filters=[*before, _reading(last)], transport_socket=_ending(entry.transport_socket))


def _reading(found: listener_components_pb2.Filter) -> listener_components_pb2.Filter:
    manager = Manager()
    found.typed_config.Unpack(manager)
    manager.codec_type = Manager.HTTP3
    manager.http3_protocol_options.CopyFrom(protocol_pb2.Http3ProtocolOptions(allow_extended_connect=True))
    return listener_components_pb2.Filter(name=found.name, typed_config=protos.packed(manager))


def _ending(found: base_pb2.TransportSocket | None) -> base_pb2.TransportSocket:
    """The same certificates; the protocol is h3, and the version of TLS always 1.3."""
    context = tls_pb2.DownstreamTlsContext()
    if found is not None:
        found.typed_config.Unpack(context)
    common = context.common_tls_context
    common.ClearField("tls_params")
    del common.alpn_protocols[:]
    common.alpn_protocols.append("h3")
    quic = quic_transport_pb2.QuicDownstreamTransport(downstream_tls_context=context)
    return base_pb2.TransportSocket(name="envoy.transport_sockets.quic", typed_config=protos.packed(quic))
