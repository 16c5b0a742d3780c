from __future__ import annotations

from collections.abc import AsyncIterator

import dns.exception
import dns.rcode
import dns.resolver
import pytest

from tests.clients.dns.name_server import Server, name_server
from tulle.clients.dns import lookup
from tulle.clients.dns.lookup import CannotLookUp, NameServer, ask, authorities, name_servers, texts, unaliased, zone_of


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with name_server() as found:
        found.knows("example.org.")
        yield found


def here(server: Server) -> tuple[NameServer, ...]:
    return (NameServer("127.0.0.1", server.port),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1", ("127.0.0.1", 53)),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("ns.example:53", ("ns.example", 53)),
    ],
)
def test_servers_as_they_are_written(text: str, found: tuple[str, int]) -> None:
    assert lookup.split(text) == found


@pytest.mark.parametrize("text", ["ns.example:dns", "ns.example:0", "ns.example:99999"])
def test_ports_that_are_none(text: str) -> None:
    with pytest.raises(CannotLookUp, match="write host:port"):
        lookup.split(text)


async def test_servers_by_name_and_those_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    assert NameServer("127.0.0.1", 5353) in await name_servers(("localhost:5353",))
    with pytest.raises(CannotLookUp, match=r"the name server nobody\.invalid has no address"):
        await name_servers(("nobody.invalid",))
    found = dns.resolver.Resolver(configure=False)
    found.nameservers = ["127.0.0.9"]
    monkeypatch.setattr("dns.resolver.Resolver", lambda: found)
    assert await name_servers(()) == (NameServer("127.0.0.9"),)

    def none() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver", none)
    with pytest.raises(CannotLookUp, match="of the system are not known"):
        await name_servers(())


def test_a_server_is_shown_with_its_port() -> None:
    assert (str(NameServer("::1")), str(NameServer("127.0.0.1", 5))) == ("[::1]:53", "127.0.0.1:5")


async def test_the_next_server_is_asked_if_one_fails(server: Server) -> None:
    async with name_server() as other:
        other.rcode = dns.rcode.SERVFAIL
        both = (*here(other), *here(server))
        assert (await ask(both, "example.org.", "SOA", timeout=2)).answer
        with pytest.raises(CannotLookUp, match="answers SERVFAIL"):
            await ask(here(other), "example.org.", "SOA", timeout=2)
        other.is_silent = True
        with pytest.raises(CannotLookUp, match="does not answer: the dns operation timed out"):
            await ask(here(other), "example.org.", "SOA", timeout=0.05)
    with pytest.raises(CannotLookUp, match="no name server to ask"):
        await ask((), "example.org.", "SOA", timeout=1)


async def test_the_zone_of_a_name(server: Server) -> None:
    assert await zone_of(here(server), "_acme-challenge.a.example.org.", timeout=2) == "example.org."
    with pytest.raises(CannotLookUp, match=r"no zone of a\.example\.com\. is known to 127"):
        await zone_of(here(server), "a.example.com.", timeout=2)


async def test_aliases_are_followed(server: Server) -> None:
    server.records["a.example.org.", "CNAME"] = ["b.example.org."]
    server.records["b.example.org.", "CNAME"] = ["c.example.org."]
    assert await unaliased(here(server), "a.example.org.", timeout=2) == "c.example.org."
    server.records["c.example.org.", "CNAME"] = ["a.example.org."]
    with pytest.raises(CannotLookUp, match="without end"):
        await unaliased(here(server), "a.example.org.", timeout=2)


async def test_the_servers_of_a_zone(server: Server) -> None:
    server.records["ns.example.org.", "AAAA"] = ["::1"]
    found = await authorities(here(server), "example.org.", timeout=2, port=5353)
    assert found == (NameServer("127.0.0.1", 5353), NameServer("::1", 5353))
    server.records.clear()
    with pytest.raises(CannotLookUp, match="has no name servers with addresses"):
        await authorities(here(server), "example.org.", timeout=2, port=5353)


async def test_texts_of_one_server(server: Server) -> None:
    server.records["a.example.org.", "TXT"] = ['"one" "two"', '"three"']
    (only,) = here(server)
    assert set(await texts(only, "a.example.org.", timeout=2, is_recursive=False)) == {"onetwo", "three"}
    assert await texts(only, "b.example.org.", timeout=2, is_recursive=True) == ()
    assert [is_recursive for _, _, is_recursive in server.asked] == [False, True]
