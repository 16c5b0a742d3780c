"""Which address is that of the client, as the interpreter finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

from tulle.envoy.steps.parts import Operation
from tulle.model.steps import ClientAddress

MAPPED = 96
"""Bits of an IPv6 address before the IPv4 address that it stands for."""


def client(address: ClientAddress) -> Operation:
    """Which address is that of the client, for the interpreter."""
    found: dict[str, Any] = {"kind": "peer"}
    if address.depth:
        found = {"kind": "depth", "depth": address.depth}
    elif address.excluded:
        found = {"kind": "excluded", "excluded": ranges(address.excluded)}
    if address.ipv6_bits is not None:
        found["ipv6"] = address.ipv6_bits
    return found


def ranges(texts: Sequence[str]) -> list[Mapping[str, Any]]:
    """CIDRs as the interpreter compares them: the bytes of the address, and how many bits count."""
    return [_range(ip_network(text, strict=False)) for text in texts]


def _range(network: IPv4Network | IPv6Network) -> Mapping[str, Any]:
    """IPv4 in IPv6's clothes is IPv4, as Go has it."""
    address, bits = network.network_address, network.prefixlen
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None and bits >= MAPPED:
        address, bits = address.ipv4_mapped, bits - MAPPED
    return {"bytes": list(address.packed), "bits": bits}
