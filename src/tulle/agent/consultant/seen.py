"""A request as the helper sees it, what makes it that of one client, and what becomes of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from tulle.envoy.edge_replies import UNTYPED
from tulle.model.steps import ClientAddress, SameClient

FORWARDED = "x-forwarded-for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is asked about."""

    address: str = ""
    """Of the client, as Envoy has it."""
    host: str = ""
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] | None = None
    """By names in lower case."""

    def header(self, name: str) -> str:
        """Its value; empty if there is none."""
        return (self.headers or {}).get(name.lower(), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """The request goes on, with these headers set and those removed."""

    headers: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The request is answered at once."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def marked(self) -> tuple[tuple[str, str], ...]:
        """The headers, with a mark if none of them is a type: otherwise Envoy makes one up."""
        is_typed = any(name == "content-type" for name, _ in self.headers)
        return self.headers if is_typed else (*self.headers, (UNTYPED, "yes"))


Verdict = Passed | Refused


def client(by: SameClient, seen: Seen) -> str:
    """The same text for requests of the same client."""
    if by.address is not None:
        return _address(by.address, seen)
    return seen.header(by.header) if by.header else seen.host


def _address(rule: ClientAddress, seen: Seen) -> str:
    if rule.depth <= 0 and not rule.excluded:
        return _shortened(seen.address, rule.ipv6_bits)
    forwarded = [each.strip() for each in seen.header(FORWARDED).split(",")]
    if rule.depth > 0:
        deep_enough = len(forwarded) >= rule.depth
        return _shortened(forwarded[-rule.depth], rule.ipv6_bits) if deep_enough else ""
    networks = _networks(rule.excluded)
    return next((each for each in reversed(forwarded) if each and not _is_in(each, networks)), "")


def _shortened(text: str, bits: int | None) -> str:
    """The first address of the network that an IPv6 address is in."""
    if bits is None or ":" not in text:
        return text
    try:
        address = IPv6Address(text)
    except ValueError:
        return text
    if address.ipv4_mapped is not None:
        return text
    return str(IPv6Network((int(address), bits), strict=False).network_address)


@lru_cache(1024)
def _networks(ranges: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each, strict=False) for each in ranges)


def _is_in(text: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)
