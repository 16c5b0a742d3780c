from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.dns.name_server import Server, name_server
from tulle.clients.acme import keys
from tulle.clients.acme.solving import CannotSolve, Challenge
from tulle.clients.dns.base import CannotChange, TextRecord
from tulle.clients.dns.variables import Unconfigured
from tulle.flow.certificates.kept import REPLICAS, Replica
from tulle.flow.certificates.shelf import Shelf
from tulle.flow.certificates.solvers import DnsSolver, GatewaySolver, Tools, digest, solvers
from tulle.kit.clock import ManualClock
from tulle.model.challenges import HttpAnswer, TlsAnswer
from tulle.model.resolvers import ChallengeKind, DnsChallenge, HttpChallenge, Resolver, TlsChallenge
from tulle.store.base import StoreUnusable
from tulle.store.sqlite_records import SqliteRecords

HTTP = Challenge(kind=ChallengeKind.HTTP, domain="a.example", token="t", authorization="t.k")
TLS = replace(HTTP, kind=ChallengeKind.TLS)
DNS = replace(HTTP, kind=ChallengeKind.DNS, domain="example.org")


@dataclass
class World:
    shelf: Shelf
    clock: ManualClock = field(default_factory=ManualClock)
    changes: int = 0

    def changed(self) -> None:
        self.changes += 1

    def solver(self, patience: float = 5.0, **delays: float) -> GatewaySolver:
        return GatewaySolver(
            shelf=self.shelf,
            clock=self.clock,
            changed=self.changed,
            me="me",
            delays={ChallengeKind(name): seconds for name, seconds in delays.items()},
            patience=patience,
        )

    def replica(self, name: str, *shows: str) -> None:
        self.shelf.put(REPLICAS + name, Replica(until=self.clock.now() + timedelta(seconds=60), shows=shows))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    records = SqliteRecords(tmp_path / "store.db")
    yield World(Shelf(records))
    records.close()


async def test_answers_are_records_while_they_are_needed(world: World) -> None:
    solver = world.solver()
    for challenge in (HTTP, TLS):
        await solver.present(challenge)
    http, tls = (each.answer for each in world.shelf.content().shown.values())
    assert http == HttpAnswer(token="t", text="t.k", domain="a.example")
    assert isinstance(tls, TlsAnswer)
    assert (tls.domain, keys.facts(tls.certificate, tls.key).names) == ("a.example", ("a.example",))
    for challenge in (HTTP, TLS, TLS):
        await solver.remove(challenge)
    assert world.shelf.content().shown == {}
    assert world.changes == 5


async def test_the_authority_looks_when_the_gateways_of_all_replicas_have_them(world: World) -> None:
    settling = asyncio.ensure_future(world.solver().settle([HTTP, TLS]))  # noqa: TID251
    names = ("answer/http-01/t", "answer/tls-alpn-01/a.example")
    world.replica("other", *names)
    await asyncio.sleep(0.15)
    assert not settling.done(), "this one has not said so"
    world.replica("me", *names)
    world.replica("third", names[0])
    await asyncio.sleep(0.15)
    assert not settling.done(), "the third has one of two"
    world.clock.advance(61)
    world.replica("me", *names)
    await asyncio.wait_for(settling, 5)


async def test_a_replica_that_says_nothing_does_not_hold_up_for_ever(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.solver(patience=0.05, **{"http-01": 0.01}).settle([HTTP])
    assert "no word from the gateways of me" in caplog.text


async def test_a_store_that_cannot_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise StoreUnusable("the disk is full")

    monkeypatch.setattr(world.shelf, "put", fails)
    with pytest.raises(CannotSolve, match="the disk is full"):
        await world.solver().present(HTTP)


@dataclass
class Zone:
    propagation_timeout: float = 0.1
    polling_interval: float = 0.01
    there: list[TextRecord] = field(default_factory=list)
    fails: bool = False

    async def present(self, record: TextRecord) -> None:
        if self.fails:
            raise CannotChange("not today")
        self.there.append(record)

    async def remove(self, record: TextRecord) -> None:
        if self.fails:
            raise CannotChange("not today")
        self.there.remove(record)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with name_server() as found:
        found.knows("example.org.")
        yield found


async def test_records_are_there_while_they_are_needed(server: Server) -> None:
    zone = Zone()
    settings = DnsChallenge(provider="exec", resolvers=(server.address,), delay=0.01)
    solver = DnsSolver(provider=zone, settings=settings, port=server.port)
    await solver.present(DNS)
    (record,) = zone.there
    assert (record.name, record.value, len(record.value)) == ("_acme-challenge.example.org.", digest("t.k"), 43)
    with pytest.raises(CannotSolve, match=r"cannot be seen after 0\.1 s"):
        await solver.settle([DNS])
    server.records[record.name, "TXT"] = [f'"{record.value}"']
    await solver.settle([DNS])
    await solver.remove(DNS)
    assert zone.there == []
    server.records[record.name, "CNAME"] = ["proofs.example.org."]
    await solver.present(DNS)
    assert zone.there[0].name == "proofs.example.org."
    zone.fails = True
    for action in (solver.present, solver.remove):
        with pytest.raises(CannotSolve, match="not today"):
            await action(DNS)


async def test_a_name_that_cannot_be_looked_up_is_taken_as_it_is() -> None:
    zone = Zone()
    settings = DnsChallenge(provider="exec", resolvers=("nobody.invalid",))
    await DnsSolver(provider=zone, settings=settings, port=53).present(DNS)
    assert zone.there[0].name == "_acme-challenge.example.org."


def test_a_resolver_has_what_it_is_set_up_for(world: World) -> None:
    tools = Tools(
        shelf=world.shelf, clock=world.clock, me="me", changed=world.changed, environment={"EXEC_PATH": "/bin/true"}
    )
    plain = Resolver(name="le")
    assert solvers(plain, tools).keys() == {ChallengeKind.HTTP, ChallengeKind.TLS}
    every = replace(plain, http=HttpChallenge(delay=1), tls=TlsChallenge(delay=2), dns=DnsChallenge(provider="exec"))
    found = solvers(every, tools)
    gateway = found[ChallengeKind.HTTP]
    assert isinstance(gateway, GatewaySolver)
    assert gateway.delays == {ChallengeKind.HTTP: 1, ChallengeKind.TLS: 2}
    assert isinstance(found[ChallengeKind.DNS], DnsSolver)
    with pytest.raises(Unconfigured):
        solvers(replace(plain, dns=DnsChallenge(provider="route53")), tools)
