from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.clients.dns.name_server import Server, name_server
from tulle.clients.dns.base import TextRecord
from tulle.clients.dns.propagation import NotSeen, seen
from tulle.model.resolvers import DnsChallenge

NAME = "_acme-challenge.example.org."
RECORD = TextRecord(name=NAME, value="v", domain="example.org", token="t", authorization="a")


@dataclass
class Waiting:
    propagation_timeout: float = 5.0
    polling_interval: float = 0.02

    async def present(self, record: TextRecord) -> None: ...

    async def remove(self, record: TextRecord) -> None: ...


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with name_server() as found:
        found.knows("example.org.")
        yield found


def settings(server: Server, **more: bool) -> DnsChallenge:
    return DnsChallenge(provider="exec", resolvers=(server.address,), **more)


async def test_a_record_is_waited_for_at_the_servers_of_its_zone(server: Server) -> None:
    waiting = asyncio.ensure_future(seen(RECORD, settings(server), Waiting(), server.port))  # noqa: TID251
    await asyncio.sleep(0.1)
    assert not waiting.done()
    server.records[NAME, "TXT"] = ['"other"', '"v"']
    await asyncio.wait_for(waiting, 5)
    assert (NAME, "TXT", False) in server.asked


async def test_resolvers_are_asked_if_that_is_wanted(server: Server) -> None:
    asked = settings(server, is_resolver_checked=True, is_authority_unchecked=True)
    with pytest.raises(NotSeen, match=r"cannot be seen after 0\.1 s: 127\.0\.0\.1:\d+ does not have it"):
        await seen(RECORD, asked, Waiting(0.1), 1)
    server.records[NAME, "TXT"] = ['"v"']
    await seen(RECORD, asked, Waiting(), 1)
    assert {is_recursive for _, _, is_recursive in server.asked} == {True}


async def test_nobody_is_asked_if_that_is_not_wanted(server: Server) -> None:
    for each in (settings(server, is_unchecked=True), settings(server, is_authority_unchecked=True)):
        await seen(RECORD, each, Waiting(), server.port)
    assert server.asked == []


async def test_a_zone_that_nobody_knows(server: Server) -> None:
    server.records.clear()
    with pytest.raises(NotSeen, match="no zone of"):
        await seen(RECORD, settings(server), Waiting(0.1), server.port)
    server.is_silent = True
    with pytest.raises(NotSeen, match="no name server was asked"):
        await seen(RECORD, settings(server), Waiting(0.1), server.port)
