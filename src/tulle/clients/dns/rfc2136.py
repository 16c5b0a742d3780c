"""Dynamic updates (RFC 2136), signed with a shared key (TSIG, RFC 8945): BIND, Knot, PowerDNS, Microsoft's, …"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.name
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from tulle.clients.dns.base import POLLING_INTERVAL, PROPAGATION_TIMEOUT, TTL, CannotChange, TextRecord
from tulle.clients.dns.lookup import CannotLookUp, NameServer, name_servers, zone_of
from tulle.clients.dns.variables import Unconfigured, Variables

ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
_KEY_FILE = re.compile(
    r'key\s+"?(?P<name>[^"\s{]+)"?\s*\{[^}]*?algorithm\s+"?(?P<algorithm>[\w.-]+)"?\s*;[^}]*?secret\s+"?(?P<secret>[^"\s;]+)'
)


class Rfc2136:
    """A `tulle.clients.dns.base.Provider`; `dnsupdate` is the same by its newer name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read the variables `RFC2136_…`, or `DNSUPDATE_…`.

        Raises:
            Unconfigured: one is missing or wrong.
        """
        variables = Variables(environment, "RFC2136_", "DNSUPDATE_")
        self._server = variables.needed("NAMESERVER")
        self._timeout = variables.seconds("DNS_TIMEOUT", 10.0)
        self._ttl = int(variables.seconds("TTL", TTL))
        self.propagation_timeout = variables.seconds("PROPAGATION_TIMEOUT", PROPAGATION_TIMEOUT)
        self.polling_interval = variables.seconds("POLLING_INTERVAL", POLLING_INTERVAL)
        self._key = _key(variables)

    async def present(self, record: TextRecord) -> None:
        """Add it beside others of its name."""
        server, update = await self._begin(record)
        update.add(record.name, self._ttl, "TXT", _quoted(record.value))
        await self._send(server, update)

    async def remove(self, record: TextRecord) -> None:
        """Remove it, and no other of its name."""
        server, update = await self._begin(record)
        update.delete(record.name, "TXT", _quoted(record.value))
        await self._send(server, update)

    async def _begin(self, record: TextRecord) -> tuple[NameServer, dns.update.UpdateMessage]:
        try:
            servers = await name_servers((self._server,))
            zone = await zone_of(servers, record.name, timeout=self._timeout)
        except CannotLookUp as error:
            raise CannotChange(str(error)) from error
        return servers[0], dns.update.UpdateMessage(zone, keyring=self._key)

    async def _send(self, server: NameServer, update: dns.update.UpdateMessage) -> None:
        try:
            answer, _ = await dns.asyncquery.udp_with_fallback(update, server.address, self._timeout, server.port)
        except dns.tsig.PeerError as error:
            raise CannotChange(f"the name server {server} refuses the key: {error}") from error
        except (OSError, dns.exception.DNSException) as error:
            raise CannotChange(f"the name server {server} does not take the change: {error or type(error)}") from error
        if answer.rcode() != dns.rcode.NOERROR:
            raise CannotChange(f"the name server {server} refuses the change: {dns.rcode.to_text(answer.rcode())}")


def _key(variables: Variables) -> dns.tsig.Key | None:
    name, secret = variables.text("TSIG_KEY"), variables.text("TSIG_SECRET")
    algorithm = variables.text("TSIG_ALGORITHM", "hmac-sha1")
    if path := variables.text("TSIG_FILE"):
        name, algorithm, secret = _from_file(path)
    if not name or not secret:
        return None
    algorithm = algorithm.rstrip(".").lower()
    if algorithm not in ALGORITHMS:
        raise Unconfigured(f'the TSIG algorithm "{algorithm}" is not known; there are {", ".join(ALGORITHMS)}')
    try:
        return dns.tsig.Key(dns.name.from_text(name), secret, algorithm)
    except (binascii.Error, ValueError, dns.exception.DNSException) as error:
        raise Unconfigured("the TSIG key is no name with a secret in base64") from error


def _from_file(path: str) -> tuple[str, str, str]:
    """A key as `tsig-keygen` writes it."""
    try:
        found = _KEY_FILE.search(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise Unconfigured(f"the file with the TSIG key cannot be read: {path}") from error
    if found is None:
        raise Unconfigured(f"there is no TSIG key in {path}")
    return found["name"], found["algorithm"], found["secret"]


def _quoted(value: str) -> str:
    return f'"{value}"'
