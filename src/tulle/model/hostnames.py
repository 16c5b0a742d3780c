"""Host names and wildcards (`*.example.org` is every name that ends so, `*` every name): what covers what."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from ipaddress import ip_address, ip_network

ANY = "*"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
"""Nearly all addresses are such, and found ten times faster in this way."""


def plain(host: str) -> str:
    """A host name in lower case and without a port."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdecimal() else host.lower()


def is_address(text: str) -> bool:
    """Whether it is an IP address, without brackets, port, and the zone of one machine (`fe80::1%eth0`)."""
    if _IPV4.fullmatch(text):
        return True
    if ":" not in text:
        return False
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def subnet(text: str) -> str:
    """An address or a subnet in the one form in which all that mean the same are written; anything else as it is."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return text
    return str(network.network_address if network.num_addresses == 1 else network)


def subnets(address: str) -> Iterator[str]:
    """An address and every subnet that it is in, the narrowest first, as `subnet` writes them; nothing for a name."""
    if not is_address(address):
        return
    network = ip_network(address)
    yield subnet(address)
    yield from (str(network.supernet(new_prefix=length)) for length in reversed(range(network.prefixlen)))


def covers(wide: str, narrow: str) -> bool:
    """Whether everything that `narrow` names is named by `wide` too; `*.a` covers `x.a`, `y.x.a` and `*.x.a`."""
    return wide in {ANY, narrow} or (wide.startswith("*.") and len(narrow) >= len(wide) and narrow.endswith(wide[1:]))


def common(one: str, other: str) -> str:
    """The host that names exactly what two hosts have in common; empty if that is nothing."""
    if covers(one, other):
        return other
    return one if covers(other, one) else ""


def narrowed(hosts: Iterable[str], limits: Iterable[str]) -> tuple[str, ...]:
    """What both lists name, each once."""
    known = tuple(limits)
    return tuple(dict.fromkeys(both for host in hosts for limit in known if (both := common(host, limit))))


def wildcards(host: str) -> Iterator[str]:
    """Every other wildcard that covers a host, the most specific first: `*.b.c`, `*.c`, `*` for `a.b.c`."""
    rest = host.removeprefix("*.").partition(".")[2]
    while rest:
        yield f"*.{rest}"
        rest = rest.partition(".")[2]
    if host != ANY:
        yield ANY


def wider(host: str) -> Iterator[str]:
    """The host itself, and every wildcard that covers it, the most specific first."""
    yield host
    yield from wildcards(host)


def best(host: str, patterns: Container[str]) -> str | None:
    """The most specific of these patterns that covers a host."""
    return next((pattern for pattern in wider(host) if pattern in patterns), None)
