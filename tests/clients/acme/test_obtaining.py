from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.clients.acme.authority import Authority, authority
from tulle.clients.acme import keys, obtaining
from tulle.clients.acme.connection import Connection
from tulle.clients.acme.obtaining import Issued, obtain
from tulle.clients.acme.problems import CannotObtain, Trouble
from tulle.clients.acme.solving import CannotSolve, Challenge
from tulle.model.resolvers import ChallengeKind, DnsChallenge, HttpChallenge, KeyType, Resolver, TlsChallenge

KEY = keys.new_account_key()


@dataclass
class Shown:
    there: list[Challenge] = field(default_factory=list)
    settled: list[list[Challenge]] = field(default_factory=list)
    ever: list[Challenge] = field(default_factory=list)
    fails: str = ""

    async def present(self, challenge: Challenge) -> None:
        if self.fails == "present":
            raise CannotSolve("the disk is full")
        self.there.append(challenge)
        self.ever.append(challenge)

    async def settle(self, challenges: Sequence[Challenge]) -> None:
        self.settled.append(list(challenges))

    async def remove(self, challenge: Challenge) -> None:
        if challenge in self.there:
            self.there.remove(challenge)
        if self.fails == "remove":
            raise CannotSolve("the disk is full")


@dataclass
class World:
    ca: Authority
    connection: Connection
    shown: Shown = field(default_factory=Shown)
    resolver: Resolver = field(
        default_factory=lambda: Resolver(name="le", key_type=KeyType.EC256, http=HttpChallenge())
    )

    async def obtain(self, *domains: str, **more: object) -> Issued:
        resolver = replace(self.resolver, server=self.ca.server, **more)  # type: ignore[arg-type]
        solvers = dict.fromkeys(ChallengeKind, self.shown)
        try:
            return await obtain(self.connection, resolver, domains, solvers, poll=0.01)
        finally:
            assert self.shown.there == []


@pytest.fixture
def world() -> Iterator[World]:
    with authority() as ca:
        connection = Connection(ca.server, KEY)
        connection.register("")
        yield World(ca, connection)
        connection.close()


async def test_a_certificate_for_some_names(world: World) -> None:
    issued = await world.obtain("a.example", "b.example")
    assert keys.facts(issued.chain, issued.key).names == ("a.example", "b.example")
    assert [each.domain for each in world.shown.ever] == ["a.example", "b.example"]
    (settled,) = world.shown.settled
    assert settled == world.shown.ever, "the authority looks only when all can be seen"
    token, _, thumb = world.shown.ever[0].authorization.partition(".")
    assert (token, len(thumb)) == (world.shown.ever[0].token, 43)
    assert issued.key not in repr(issued)


async def test_the_challenge_is_the_first_that_both_can_do(world: World) -> None:
    every = {"http": HttpChallenge(), "tls": TlsChallenge(), "dns": DnsChallenge(provider="exec")}
    await world.obtain("a.example", **every)
    world.ca.challenges = ("dns-01", "http-01")
    await world.obtain("a.example", **every)
    await world.obtain("*.a.example", **every)
    assert [(str(each.kind), each.domain) for each in world.shown.ever] == [
        ("tls-alpn-01", "a.example"),
        ("http-01", "a.example"),
        ("dns-01", "a.example"),
    ]
    with pytest.raises(
        CannotObtain, match=r"for a\.example that the resolver can do; it offers dns-01, http-01, ours: t"
    ):
        await world.obtain("a.example", http=None, tls=TlsChallenge())
    with pytest.raises(CannotObtain, match=r"\*\.a\.example needs a dnsChallenge"):
        await world.obtain("*.a.example")


async def test_what_is_proven_already_is_not_proven_again(world: World) -> None:
    world.ca.answered.add("/order/0/0")
    await world.obtain("a.example", "b.example")
    assert [each.domain for each in world.shown.ever] == ["b.example"]


async def test_a_name_that_is_not_ours(world: World) -> None:
    world.ca.refused.add("b.example")
    with pytest.raises(
        CannotObtain, match=r"by http-01 that b\.example is ours: it says something else \(unauthorized\)"
    ):
        await world.obtain("a.example", "b.example")
    world.ca.answered.add("/order/1/0")
    with pytest.raises(CannotObtain, match=r"settled already that b\.example is not ours"):
        await world.obtain("b.example")


async def test_what_cannot_be_shown_is_not_looked_for(world: World) -> None:
    world.shown.fails = "present"
    with pytest.raises(CannotObtain, match="the disk is full") as caught:
        await world.obtain("a.example")
    assert caught.value.trouble is Trouble.UNSOLVED
    assert world.ca.said("answer") == []


async def test_what_cannot_be_taken_away_does_no_harm(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.shown.fails = "remove"
    await world.obtain("a.example")
    assert "could not be taken away: the disk is full" in caplog.text


async def test_an_authority_that_takes_its_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ca.steps = ["processing", "valid"]
    await world.obtain("a.example")
    world.ca.steps = ["processing"]
    with pytest.raises(CannotObtain, match=r"not signed the certificate within 0\.05 s") as caught:
        await world.obtain("a.example", issue_timeout=0.05)
    assert caught.value.trouble is Trouble.AWAY
    monkeypatch.setattr(obtaining, "LOOK_TIMEOUT", 0.05)
    monkeypatch.setattr(world.connection, "answer", lambda challenge: None)
    with pytest.raises(CannotObtain, match="has not looked"):
        await world.obtain("a.example")


async def test_an_order_that_comes_to_nothing(world: World) -> None:
    world.ca.steps = ["invalid"]
    with pytest.raises(CannotObtain, match=r"CAA forbids it \(caa\)"):
        await world.obtain("a.example")
    world.ca.problems["finalize"] = [(403, "badCSR", "a weak key")]
    with pytest.raises(CannotObtain, match=r"a weak key \(badCSR\)"):
        await world.obtain("a.example")


async def test_a_certificate_that_is_none(world: World) -> None:
    world.ca.chain = lambda chain: b"hello"
    with pytest.raises(CannotObtain, match="what it sent cannot be used: it is no chain"):
        await world.obtain("a.example")
    other, _ = keys.proof("a.example", "x")
    world.ca.chain = lambda chain: other.encode()
    with pytest.raises(CannotObtain, match="the key does not belong to the certificate"):
        await world.obtain("a.example")


async def test_the_chain_that_is_preferred(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.ca.alternates = 2
    for root, found in (("", "root 0"), ("root 2", "root 2"), ("root 7", "root 0")):
        issued = await world.obtain("a.example", preferred_chain=root)
        assert keys.has_root(issued.chain, found)
    assert 'no chain ends at "root 7"' in caplog.text
