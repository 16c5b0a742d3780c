"""Conditions on connections in the terms of Envoy's matchers, which are asked in the order in which they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import TypeAlias

from envoy.config.core.v3 import address_pb2
from envoy.extensions.matching.common_inputs.network.v3 import network_inputs_pb2
from envoy.extensions.matching.input_matchers.ip.v3 import ip_pb2
from google.protobuf.message import Message
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2, regex_pb2, string_pb2

from tulle.dialects import patterns
from tulle.envoy import protos
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.listeners import Forwarded

Predicate: TypeAlias = matcher_pb2.Matcher.MatcherList.Predicate
Single: TypeAlias = matcher_pb2.Matcher.MatcherList.Predicate.SinglePredicate
Text: TypeAlias = string_pb2.StringMatcher
WILDCARD = "*."
SOURCE, PEER = network_inputs_pb2.SourceIPInput(), network_inputs_pb2.DirectSourceIPInput()
"""Where a connection comes from as far as is known, and who is really at its other end."""
CALLED = network_inputs_pb2.DestinationIPInput()
"""The address that it was made to."""


def extension(name: str, config: Message) -> extension_pb2.TypedExtensionConfig:
    """As matchers name what they are made of."""
    return extension_pb2.TypedExtensionConfig(name=name, typed_config=protos.packed(config))


def server_name() -> extension_pb2.TypedExtensionConfig:
    """The name that clients ask for by TLS, in lower case; nothing if they ask for none."""
    return extension("server_name", network_inputs_pb2.ServerNameInput())


def holds(condition: Condition, proxies: Forwarded | None) -> Predicate:
    """Whether a condition holds; what `proxies` say by the PROXY protocol is believed."""
    found = _plainly(condition, proxies)
    return negated(found) if condition.is_negated else found


def named(names: Iterable[str]) -> Predicate:
    """Whether one of these is asked for; `*` at the beginning stands for one label."""
    return any_of([_asked_for(_name(each)) for each in names])


def within(networks: Iterable[str], address: Message = SOURCE) -> Predicate:
    """Whether an address is in one of these networks."""
    found = map(ip_network, networks)
    ranges = [
        address_pb2.CidrRange(address_prefix=str(each.network_address), prefix_len=protos.number(each.prefixlen))
        for each in found
    ]
    matcher = extension("ip", ip_pb2.Ip(cidr_ranges=ranges, stat_prefix="from"))
    return Predicate(single_predicate=Single(input=extension("address", address), custom_match=matcher))


def client(network: str, proxies: Forwarded | None) -> Predicate:
    """Whether the client is there: the one that a proxy tells of, if it is believed."""
    if proxies is None or proxies.trusts_all:
        return within([network])
    if not proxies.trusted:
        return within([network], PEER)
    is_believed = within(proxies.trusted, PEER)
    told = all_of([is_believed, within([network])])
    return any_of([told, all_of([negated(is_believed), within([network], PEER)])])


def offers(protocols: Sequence[str]) -> Predicate:
    """Whether the client offers one of these protocols (ALPN)."""
    return _offered(f"(?s).*'(?:{'|'.join(map(re.escape, protocols))})'.*")


def offers_others(protocols: Sequence[str]) -> Predicate:
    """Whether the client offers protocols, and none of these."""
    return all_of([_offered("(?s).+"), negated(offers(protocols))])


def any_of(predicates: Sequence[Predicate]) -> Predicate:
    """Whether one of them holds."""
    if len(predicates) == 1:
        return predicates[0]
    return Predicate(or_matcher=Predicate.PredicateList(predicate=predicates))


def all_of(predicates: Sequence[Predicate]) -> Predicate:
    """Whether all of them hold."""
    if len(predicates) == 1:
        return predicates[0]
    return Predicate(and_matcher=Predicate.PredicateList(predicate=predicates))


def negated(predicate: Predicate) -> Predicate:
    """Whether it does not hold."""
    return Predicate(not_matcher=predicate)


def _plainly(condition: Condition, proxies: Forwarded | None) -> Predicate:
    if condition.subject is Subject.ALPN:
        return offers([condition.value])
    if condition.subject is Subject.SOURCE:
        return client(condition.value, proxies)
    if condition.comparison is Comparison.REGEX:
        return _fits(condition.value)
    return _asked_for(_name(condition.value))


def _fits(pattern: str) -> Predicate:
    """Whether some part of the name fits. Who asks for no name asks for the empty one, which Envoy does not look at."""
    found = _asked_for(_regex(f"(?s).*(?:{pattern}).*"))
    if not patterns.finds(pattern, ""):
        return found
    return any_of([found, negated(_asked_for(_regex("(?s).+")))])


def _name(name: str) -> Text:
    if name.startswith(WILDCARD):
        return _regex(rf"[^.]*{re.escape(name[1:])}")
    return Text(exact=name)


def _asked_for(text: Text) -> Predicate:
    return Predicate(single_predicate=Single(input=server_name(), value_match=text))


def _offered(pattern: str) -> Predicate:
    """Whether the protocols that a client offers fit, each in quotation marks, with commas between them."""
    protocols = extension("protocols", network_inputs_pb2.ApplicationProtocolInput())
    return Predicate(single_predicate=Single(input=protocols, value_match=_regex(pattern)))


def _regex(pattern: str) -> Text:
    return Text(safe_regex=regex_pb2.RegexMatcher(google_re2=regex_pb2.RegexMatcher.GoogleRE2(), regex=pattern))
