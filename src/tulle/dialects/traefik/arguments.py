"""Arguments of matchers: what is wrong with one, as the rest of a sentence that begins with it; empty if nothing is."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from tulle.dialects import patterns
from tulle.dialects.traefik import templates

_SERVER_NAME = re.compile(r"\*|[0-9A-Za-z_.:-]+")
_SERVER_NAME_OR_WILDCARD = re.compile(rf"(?:\*\.)?{_SERVER_NAME.pattern[3:]}|\*")
_SUBNET = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]+)?")
RESERVED_PROTOCOL = "acme-tls/1"


def anything(value: str) -> str:
    """Every text is right."""
    return ""


def ascii_host(value: str) -> str:
    """Hosts of HTTP."""
    return "" if value.isascii() else f"has letters beyond ASCII; write it as clients send it: {_punycode(value)}"


def ascii_pattern(value: str) -> str:
    """Regular expressions for host names."""
    return (
        patterns.problem(value) if value.isascii() else "has letters beyond ASCII, which no host name has on the wire"
    )


def host_template(value: str) -> str:
    """Templates of the v2 syntax for hosts of HTTP."""
    return ascii_host(value) or templates.problem(value)


def path(value: str) -> str:
    """Paths and their beginnings."""
    return "" if value.startswith("/") else "is no path; a path begins with /"


def path_template(value: str) -> str:
    """Templates of the v2 syntax for paths."""
    return path(value) or templates.problem(value)


def protocol(value: str) -> str:
    """Protocols that TLS clients offer."""
    return "belongs to the challenges of certificates and cannot be routed" if value == RESERVED_PROTOCOL else ""


def server_name(value: str) -> str:
    """Names that TLS clients ask for, `*` for any, `*.` for one label before the rest."""
    if _SERVER_NAME_OR_WILDCARD.fullmatch(value):
        return ""
    return _no_server_name(value, "; * can only be the first label, as in *.example.org" if "*" in value else "")


def server_name_v2(value: str) -> str:
    """Names that TLS clients ask for, `*` for any."""
    if _SERVER_NAME.fullmatch(value):
        return ""
    remedy = "; write HostSNIRegexp(`{label}.example.org`) for names with a part that varies" if "*" in value else ""
    return _no_server_name(value, remedy)


def _no_server_name(value: str, remedy: str) -> str:
    if not value.isascii():
        remedy = f"; write it as clients send it: {_punycode(value)}"
    return f"is no host name{remedy}"


def _punycode(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return "xn--…"


def subnet(value: str) -> str:
    """Addresses, alone or as CIDR."""
    return "" if _network(value) else "is no IP address and no CIDR such as 10.0.0.0/8"


def network(value: str) -> str:
    """The same addresses as CIDR in one spelling; IPv4 within IPv6 is IPv4."""
    return str(_network(value))


def _network(value: str) -> IPv4Network | IPv6Network | None:
    # Python would also take masks after the slash, and zones; Go takes neither.
    if not _SUBNET.fullmatch(value):
        return None
    try:
        found = ip_network(value, strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    return IPv4Network((mapped, found.prefixlen - 96)) if mapped and found.prefixlen >= 96 else found
