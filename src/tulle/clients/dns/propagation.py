"""Waiting until a record can be seen by those who will look for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from tulle.clients.dns.base import Provider, TextRecord
from tulle.clients.dns.lookup import PORT, CannotLookUp, NameServer, authorities, name_servers, texts, zone_of
from tulle.model.resolvers import DnsChallenge

TIMEOUT = 10.0
"""Seconds for one question."""


class NotSeen(Exception):
    """A record cannot be seen in time; the message says where, as the rest of a sentence."""


async def seen(record: TextRecord, settings: DnsChallenge, provider: Provider, port: int = PORT) -> None:
    """Return when a record is where `settings` want it to be. `port` is that of the servers of its zone.

    Raises:
        NotSeen: it is not, within the time of the provider.
    """
    if settings.is_unchecked or (settings.is_authority_unchecked and not settings.is_resolver_checked):
        return
    missing = "no name server was asked"
    with suppress(TimeoutError):
        async with asyncio.timeout(provider.propagation_timeout) as limit:
            # An answer that comes in this very moment makes `asyncio.wait_for` of Python 3.11 forget the cancellation.
            while not limit.expired():
                missing = await _missing(record, settings, port)
                if not missing:
                    return
                await asyncio.sleep(provider.polling_interval)
    raise NotSeen(f"the record {record.name} cannot be seen after {provider.propagation_timeout:g} s: {missing}")


async def _missing(record: TextRecord, settings: DnsChallenge, port: int) -> str:
    """Why the record does not count as seen; empty if it does."""
    try:
        servers = await name_servers(settings.resolvers)
        if settings.is_resolver_checked and (reason := await _missing_at(servers, record, is_recursive=True)):
            return reason
        if settings.is_authority_unchecked:
            return ""
        zone = await zone_of(servers, record.name, timeout=TIMEOUT)
        responsible = await authorities(servers, zone, timeout=TIMEOUT, port=port)
        return await _missing_at(responsible, record, is_recursive=False)
    except CannotLookUp as error:
        return str(error)


async def _missing_at(servers: Sequence[NameServer], record: TextRecord, *, is_recursive: bool) -> str:
    for server in servers:
        found = await texts(server, record.name, timeout=TIMEOUT, is_recursive=is_recursive)
        if record.value not in found:
            return f"{server} does not have it"
    return ""
