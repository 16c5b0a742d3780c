"""Filter chains of an entry point of routers: connections have the first one that is for them.

Envoy's own choice by `filter_chain_match` is that of the most specific chain, and knows neither patterns nor what is
not so. A matcher asks what routers ask, in their order; and since it stands beside the chains, a new host changes none
of them, and leaves their connections alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from envoy.config.listener.v3 import listener_components_pb2, listener_pb2
from envoy.extensions.filters.listener.tls_inspector.v3 import tls_inspector_pb2
from envoy.extensions.matching.common_inputs.network.v3 import network_inputs_pb2
from google.protobuf.wrappers_pb2 import StringValue
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import connection_conditions as conditions
from tulle.envoy import protos
from tulle.envoy.chains import PATIENCE, Entry, Speech
from tulle.envoy.connection_conditions import Predicate
from tulle.model import hostnames

FilterChain: TypeAlias = listener_components_pb2.FilterChain
Matcher: TypeAlias = matcher_pb2.Matcher
OnMatch: TypeAlias = matcher_pb2.Matcher.OnMatch
Choice = tuple[Entry, str]
"""Whom a chain is for, and its name."""


def fill(listener: listener_pb2.Listener, entries: Iterable[Entry]) -> None:
    """Give a listener its chains, a matcher that chooses among them, and the inspector that this needs."""
    choices = _added(listener, entries)
    secure = [each for each in choices if each[0].speech is Speech.TLS]
    plain = [each for each in choices if each[0].speech is not Speech.TLS]
    if not secure and len(listener.filter_chains) == 1 and not _is_narrow(plain[0][0]):
        return
    if not secure:
        listener.filter_chain_matcher.CopyFrom(_chosen(plain))
        return
    config = protos.packed(tls_inspector_pb2.TlsInspector())
    listener.listener_filters.append(listener_components_pb2.ListenerFilter(name="tls_inspector", typed_config=config))
    listener.filter_chain_matcher.CopyFrom(_by_speech(secure, plain))
    if any(entry.speech is Speech.BYTES for entry, _ in plain):
        # The server may be the one that speaks first.
        listener.listener_filters_timeout.CopyFrom(protos.seconds(PATIENCE))
        listener.continue_on_listener_filters_timeout = True


def fill_all(listener: listener_pb2.Listener, entries: Iterable[Entry]) -> None:
    """The same where nothing has to be found out: what is spoken is known."""
    listener.filter_chain_matcher.CopyFrom(_chosen(_added(listener, entries)))


def _added(listener: listener_pb2.Listener, entries: Iterable[Entry]) -> list[Choice]:
    chains: dict[str, FilterChain] = {}
    choices = [(entry, _put(chains, entry)) for entry in entries]
    listener.filter_chains.extend(chains.values())
    return choices


def _put(chains: dict[str, FilterChain], entry: Entry) -> str:
    """Those that do the same are one, and its name says what it does: another name if it does something else."""
    chain = FilterChain(filters=entry.filters)
    if entry.transport_socket is not None:
        chain.transport_socket.CopyFrom(entry.transport_socket)
    content: bytes = chain.SerializeToString(deterministic=True)
    chain.name = name = hashlib.sha256(content).hexdigest()[:16]
    chains.setdefault(name, chain)
    return name


def _by_speech(secure: Sequence[Choice], plain: Sequence[Choice]) -> Matcher:
    spoken = conditions.extension("speech", network_inputs_pb2.TransportProtocolInput())
    found = Matcher(matcher_tree=Matcher.MatcherTree(input=spoken))
    found.matcher_tree.exact_match_map.map["tls"].matcher.CopyFrom(_chosen(secure))
    if plain:
        found.on_no_match.matcher.CopyFrom(_chosen(plain))
    return found


def _chosen(choices: Sequence[Choice]) -> Matcher:
    """The first of them that a connection is for; if it is for none, it is closed."""
    found = matcher = Matcher()
    for is_by_name, group in groupby(choices, lambda each: _is_by_name(each[0])):
        if matcher.WhichOneof("matcher_type"):
            matcher = matcher.on_no_match.matcher
        if is_by_name:
            _add_names(matcher, group)
        elif _add_others(matcher, group):
            break
    return found


def _add_names(matcher: Matcher, choices: Iterable[Choice]) -> None:
    """Choices among which the name decides: however many there are, they are found by one look."""
    by_name: dict[str, list[Choice]] = {}
    for entry, chain in choices:
        for name in entry.server_names:
            by_name.setdefault(name, []).append((entry, chain))
    matcher.matcher_tree.input.CopyFrom(conditions.server_name())
    for name, same in sorted(by_name.items()):
        on_match = matcher.matcher_tree.exact_match_map.map[name]
        if _is_narrow(same[0][0], but_names=True):
            _add_others(on_match.matcher, same, but_names=True)
        else:
            on_match.CopyFrom(_to(same[0][1]))


def _add_others(matcher: Matcher, choices: Iterable[Choice], *, but_names: bool = False) -> bool:
    """Choices one after the other; whether all connections have one of them."""
    for entry, chain in choices:
        asked = list(_asked(entry, but_names=but_names))
        if not asked:
            matcher.on_no_match.CopyFrom(_to(chain))
            return True
        matcher.matcher_list.matchers.add(predicate=conditions.all_of(asked), on_match=_to(chain))
    return False


def _is_by_name(entry: Entry) -> bool:
    """Whether it is for some names whatever else holds, or shares that with others of the same listener."""
    names = entry.server_names
    is_open = not entry.conditions and not entry.protocols
    return is_open and bool(names) and not any(name.startswith(hostnames.ANY) for name in names)


def _is_narrow(entry: Entry, *, but_names: bool = False) -> bool:
    return next(_asked(entry, but_names=but_names), None) is not None


def _asked(entry: Entry, *, but_names: bool) -> Iterator[Predicate]:
    """Everything that must hold."""
    if entry.server_names and hostnames.ANY not in entry.server_names and not but_names:
        yield conditions.named(entry.server_names)
    if entry.protocols:
        yield conditions.offers(entry.protocols)
    if entry.outside:
        yield conditions.negated(conditions.any_of([conditions.client(each, entry.proxies) for each in entry.outside]))
    if entry.unlike:
        yield conditions.negated(conditions.named(entry.unlike))
    if entry.unknown_to:
        yield conditions.offers_others(entry.unknown_to)
    if entry.subnets:
        yield conditions.within(entry.subnets, conditions.CALLED)
    if entry.peers:
        yield conditions.within(entry.peers, conditions.PEER)
    if entry.clients:
        yield conditions.within(entry.clients)
    for each in entry.conditions:
        yield conditions.holds(each, entry.proxies)


def _to(chain: str) -> OnMatch:
    return OnMatch(action=conditions.extension("chain", StringValue(value=chain)))
