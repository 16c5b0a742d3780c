"""Questions to name servers of our own choosing."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.resolver

PORT = 53
MOST_ALIASES = 10


class CannotLookUp(Exception):
    """No server gives an answer; the message says why, as the rest of a sentence."""


@dataclass(frozen=True, slots=True)
class NameServer:
    """Where one is asked."""

    address: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


async def name_servers(written: Iterable[str]) -> tuple[NameServer, ...]:
    """Servers written as `host`, `host:port`, `[address]:port`; none: those of the system.

    Raises:
        CannotLookUp: one of them has no address.
    """
    found: list[NameServer] = []
    for text in written:
        host, port = split(text)
        found += [NameServer(address, port) for address in await _addresses(host)]
    return tuple(found) or await asyncio.to_thread(_of_system)


def split(text: str) -> tuple[str, int]:
    """Host and port.

    Raises:
        CannotLookUp: the port is no number.
    """
    if text.count(":") > 1 and not text.startswith("["):
        return text, PORT
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), PORT
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotLookUp(f'"{text}" is no name server; write host:port')
    return host.strip("[]"), int(port)


async def ask(
    servers: Sequence[NameServer], name: str, kind: str, *, timeout: float, is_recursive: bool = True
) -> dns.message.Message:
    """The answer of the first server that has one; the next is asked if one fails.

    Raises:
        CannotLookUp: none has.
    """
    reason = "there is no name server to ask"
    for server in servers:
        query = dns.message.make_query(name, kind)
        if not is_recursive:
            query.flags &= ~dns.flags.RD
        try:
            answer, _ = await dns.asyncquery.udp_with_fallback(query, server.address, timeout, server.port)
        except (OSError, dns.exception.DNSException) as error:
            reason = f"{server} does not answer: {_said(error)}"
            continue
        if answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return answer
        reason = f"{server} answers {dns.rcode.to_text(answer.rcode())}"
    raise CannotLookUp(reason)


async def zone_of(servers: Sequence[NameServer], name: str, *, timeout: float) -> str:
    """The zone that a name belongs to: where its SOA is. Raises as `ask`."""
    at = dns.name.from_text(name)
    while at != dns.name.root:
        answer = await ask(servers, at.to_text(), "SOA", timeout=timeout)
        if any(each.rdtype == dns.rdatatype.SOA and each.name == at for each in answer.answer):
            return at.to_text()
        at = at.parent()
    raise CannotLookUp(f"no zone of {name} is known to {', '.join(map(str, servers))}")


async def unaliased(servers: Sequence[NameServer], name: str, *, timeout: float) -> str:
    """What a name is an alias of (CNAME), or itself. Raises as `ask`."""
    for _ in range(MOST_ALIASES):
        answer = await ask(servers, name, "CNAME", timeout=timeout)
        targets = [
            item.target.to_text()
            for each in answer.answer
            if each.rdtype == dns.rdatatype.CNAME and each.name == dns.name.from_text(name)
            for item in each
        ]
        if not targets:
            return name
        name = targets[0]
    raise CannotLookUp(f"{name} is an alias of an alias of an alias, without end")


async def authorities(servers: Sequence[NameServer], zone: str, *, timeout: float, port: int) -> tuple[NameServer, ...]:
    """The name servers of a zone. Raises as `ask`."""
    answer = await ask(servers, zone, "NS", timeout=timeout)
    hosts = [item.target.to_text() for each in answer.answer if each.rdtype == dns.rdatatype.NS for item in each]
    found: list[NameServer] = []
    for host in sorted(hosts):
        for kind in ("A", "AAAA"):
            known = await ask(servers, host, kind, timeout=timeout)
            found += [
                NameServer(item.address, port)
                for each in known.answer
                if each.rdtype == dns.rdatatype.from_text(kind)
                for item in each
            ]
    if not found:
        raise CannotLookUp(f"the zone {zone} has no name servers with addresses")
    return tuple(found)


async def texts(server: NameServer, name: str, *, timeout: float, is_recursive: bool) -> tuple[str, ...]:
    """The TXT records of a name as one server has them. Raises as `ask`."""
    answer = await ask((server,), name, "TXT", timeout=timeout, is_recursive=is_recursive)
    return tuple(
        b"".join(item.strings).decode("utf-8", "replace")
        for each in answer.answer
        if each.rdtype == dns.rdatatype.TXT
        for item in each
    )


async def _addresses(host: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise CannotLookUp(f"the name server {host} has no address: {_said(error)}") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _of_system() -> tuple[NameServer, ...]:
    try:
        found = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise CannotLookUp(f"the name servers of the system are not known: {_said(error)}") from error
    return tuple(NameServer(str(each), found.port) for each in found.nameservers)


def _said(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).lower().rstrip(".")
