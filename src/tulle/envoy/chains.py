"""Filter chains of one listener: which connection gets which, and what has to be looked at to tell.

Envoy wants every condition only once and takes the most specific chain; rules say first come, first served. An entry
therefore gets what no earlier one has taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from itertools import product
from typing import TypeAlias

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.http_inspector.v3 import http_inspector_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from google.protobuf.message import Message

from tulle.envoy import protos
from tulle.model import hostnames
from tulle.model.conditions import Conjunction
from tulle.model.listeners import Forwarded

Filters = Sequence[listener_components_pb2.Filter]
FilterChain: TypeAlias = listener_components_pb2.FilterChain
HTTP_PROTOCOLS = ("http/1.0", "http/1.1", "h2c")
"""What Envoy's inspector calls plain HTTP."""
PATIENCE = 1.0
"""Seconds that a client may be silent on a port where it could also be the server that speaks first."""


class Speech(StrEnum):
    """What a chain is for."""

    ANY = "any"
    TLS = "tls"
    HTTP = "http"
    """Without TLS."""
    BYTES = "bytes"
    """Without TLS; what is no HTTP, if HTTP has a chain of its own."""


Key = tuple[Speech | str, ...]
"""What a chain is for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A chain, and for whom it is."""

    server_names: tuple[str, ...]
    """Empty, or with `*`: all, as far as they are not taken by others."""
    filters: Filters
    transport_socket: base_pb2.TransportSocket | None = None
    speech: Speech = Speech.ANY
    subnets: tuple[str, ...] = ()
    """Addresses that were called; empty: all."""
    clients: tuple[str, ...] = ()
    """Addresses of clients; empty: all."""
    protocols: tuple[str, ...] = ()
    """That clients offer; empty: any."""
    peers: tuple[str, ...] = ()
    """Addresses of whoever is really at the other end of the connection; empty: all."""
    conditions: Conjunction = ()
    """Of entry points: whatever else must hold."""
    proxies: Forwarded | None = None
    """Whose PROXY protocol says where connections come from, as far as conditions ask."""
    outside: tuple[str, ...] = ()
    """Of entry points: only for clients that are in none of these networks."""
    unlike: tuple[str, ...] = ()
    """Of entry points: only for connections that ask for none of these names."""
    unknown_to: tuple[str, ...] = ()
    """Of entry points: only for clients that offer protocols, but none of these."""


def fill(listener: listener_pb2.Listener, entries: Iterable[Entry]) -> None:
    """Give a listener its chains, and the inspectors that they need."""
    known = tuple(entries)
    speeches = frozenset(each.speech for each in known)
    listener.filter_chains.extend(_chains(known, speeches))
    matches = [each.filter_chain_match for each in listener.filter_chains]
    if any(each.server_names or each.transport_protocol for each in matches):
        _inspect(listener, "tls_inspector", tls_inspector_pb2.TlsInspector())
    if {Speech.HTTP, Speech.BYTES} <= speeches:
        _inspect(listener, "http_inspector", http_inspector_pb2.HttpInspector())
    if Speech.BYTES in speeches and listener.listener_filters:
        listener.listener_filters_timeout.CopyFrom(protos.seconds(PATIENCE))
        listener.continue_on_listener_filters_timeout = True


def _inspect(listener: listener_pb2.Listener, name: str, config: Message) -> None:
    inspector = listener_components_pb2.ListenerFilter(name=name, typed_config=protos.packed(config))
    listener.listener_filters.append(inspector)


def _chains(entries: tuple[Entry, ...], speeches: frozenset[Speech]) -> Iterator[FilterChain]:
    taken: set[Key] = set()
    for entry in entries:
        for names in _by_specificity(entry.server_names):
            free = [name for name in names if _take(entry, name, taken)]
            if free:
                yield from _told_apart(_chain(entry, free), entry, speeches - {entry.speech})


def _by_specificity(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Names that are meant, and apart from them all that are not."""
    named = tuple(name for name in names if name != hostnames.ANY)
    if named:
        yield named
    if not named or hostnames.ANY in names:
        yield (hostnames.ANY,)


def _take(entry: Entry, name: str, taken: set[Key]) -> bool:
    """Whether a name is still free there (in all of the subnets); it no longer is."""
    given = (entry.subnets, entry.clients, entry.protocols, entry.peers)
    keys = {(entry.speech, name, *each) for each in product(*(each or ("",) for each in given))}
    is_free = taken.isdisjoint(keys)
    taken |= keys
    return is_free


def _told_apart(chain: FilterChain, entry: Entry, others: frozenset[Speech]) -> Iterator[FilterChain]:
    """The chain, and what tells it apart from those of the `others` that are spoken on the same socket."""
    match = chain.filter_chain_match
    if entry.speech is Speech.TLS and (others or entry.transport_socket is None):
        match.transport_protocol = "tls"
    elif entry.speech is Speech.HTTP:
        match.transport_protocol = "raw_buffer" if Speech.TLS in others else ""
        match.application_protocols.extend(HTTP_PROTOCOLS if Speech.BYTES in others else ())
    elif {Speech.HTTP, Speech.TLS} <= others:
        # Envoy never goes back: where HTTP is looked for, bytes have to be found, too.
        plain = FilterChain()
        plain.CopyFrom(chain)
        plain.filter_chain_match.transport_protocol = "raw_buffer"
        yield plain
    if not match.ByteSize():
        chain.ClearField("filter_chain_match")
    yield chain


def _chain(entry: Entry, names: list[str]) -> FilterChain:
    chain = FilterChain(filters=entry.filters)
    match = chain.filter_chain_match
    if names != [hostnames.ANY]:
        match.server_names.extend(names)
    match.prefix_ranges.extend(map(_range, entry.subnets))
    match.source_prefix_ranges.extend(map(_range, entry.clients))
    match.direct_source_prefix_ranges.extend(map(_range, entry.peers))
    match.application_protocols.extend(entry.protocols)
    if entry.transport_socket is not None:
        chain.transport_socket.CopyFrom(entry.transport_socket)
    return chain


def _range(subnet: str) -> address_pb2.CidrRange:
    network = ip_network(subnet, strict=False)
    return address_pb2.CidrRange(
        address_prefix=str(network.network_address), prefix_len=protos.number(network.prefixlen)
    )
