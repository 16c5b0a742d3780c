from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients.acme.authority import Authority, authority
from tests.flow.certificates.making import NOW
from tests.flow.certificates.waiting import until
from tulle.clients.acme.keys import new_account_key
from tulle.clients.acme.problems import Trouble
from tulle.flow.certificates import orders
from tulle.flow.certificates.kept import CERTIFICATES, REPLICAS, Account, Certificate, Replica, account_name, identity
from tulle.flow.certificates.orders import Order
from tulle.flow.certificates.planning import Task
from tulle.flow.certificates.shelf import Shelf
from tulle.flow.certificates.solvers import Pace, Tools
from tulle.kit.clock import ManualClock
from tulle.model.resolvers import DnsChallenge, HttpChallenge, KeyType, Resolver
from tulle.store.base import StoreUnusable
from tulle.store.sqlite_records import SqliteRecords

NAME = identity("le", ("a.example",))


@dataclass
class World:
    ca: Authority
    shelf: Shelf
    clock: ManualClock = field(default_factory=ManualClock)
    lease: float = 60.0
    changes: int = 0

    @property
    def resolver(self) -> Resolver:
        return Resolver(name="le", server=self.ca.server, key_type=KeyType.EC256, http=HttpChallenge())

    def changed(self) -> None:
        """The gateways have everything at once."""
        self.changes += 1
        content = self.shelf.content()
        if content.shown:
            me = Replica(until=self.clock.now() + timedelta(seconds=60), shows=tuple(content.shown))
            self.shelf.put(REPLICAS + "me", me)

    def order(self, version: int = 0, resolver: Resolver | None = None, me: str = "me") -> Order:
        tools = Tools(
            shelf=self.shelf,
            clock=self.clock,
            me=me,
            changed=self.changed,
            environment={},
            pace=Pace(lease=self.lease, poll=0.01),
        )
        task = Task(identity=NAME, resolver=resolver or self.resolver, domains=("a.example",), due=NOW)
        return Order(tools, task, version)

    @property
    def certificate(self) -> Certificate:
        found, _ = self.shelf.certificate(NAME)
        assert found is not None
        return found

    @property
    def version(self) -> int:
        return self.shelf.certificate(NAME)[1]


@pytest.fixture
def ca() -> Iterator[Authority]:
    with authority() as found:
        yield found


@pytest.fixture
async def world(ca: Authority, tmp_path: Path) -> AsyncIterator[World]:
    records = SqliteRecords(tmp_path / "store.db")
    yield World(ca, Shelf(records))
    records.close()


async def test_a_certificate_is_obtained_and_kept(world: World) -> None:
    await world.order().fulfil()
    found = world.certificate
    assert (found.holder, found.problem, found.orders) == ("", "", (world.clock.now(),))
    assert found.authority == world.ca.server.directory
    assert "BEGIN CERTIFICATE" in found.chain
    account, _ = world.shelf.account(account_name(world.resolver))
    assert account is not None
    assert account.address == world.ca.web.at("/account/1")
    world.clock.advance(8 * 24 * 3600)
    await world.order(world.version).fulfil()
    assert world.certificate.orders == (world.clock.now(),), "orders of the last week"
    assert len(world.ca.said("account")) == 1
    assert world.shelf.content().shown == {}


async def test_nothing_is_done_that_somebody_else_has_done_or_does(world: World) -> None:
    await world.order().fulfil()
    await world.order().fulfil()
    assert len(world.ca.orders) == 1, "the record is another one than that at which the task was found"
    held = replace(world.certificate, holder="other", until=world.clock.now() + timedelta(seconds=5))
    world.shelf.put(CERTIFICATES + NAME, held)
    await world.order(world.version).fulfil()
    assert len(world.ca.orders) == 1
    world.clock.advance(6)
    await world.order(world.version).fulfil()
    assert len(world.ca.orders) == 2, "the other one has died"


async def test_only_one_of_two_begins(world: World) -> None:
    await asyncio.gather(world.order().fulfil(), world.order(me="other").fulfil())
    assert len(world.ca.orders) == 1


async def test_failures_are_kept_with_the_time_of_the_next_try(world: World) -> None:
    world.ca.problems["order"] = [(400, "rejectedIdentifier", "not that"), (429, "rateLimited", "too many")]
    await world.order().fulfil()
    found = world.certificate
    assert (found.problem, found.trouble, found.failures) == ("not that (rejectedIdentifier)", Trouble.REFUSED, 1)
    assert found.retry is not None
    assert 120 <= (found.retry - world.clock.now()).total_seconds() <= 126
    world.ca.headers["Retry-After"] = "9000"
    await world.order(world.version).fulfil()
    assert (world.certificate.trouble, world.certificate.failures) == (Trouble.LIMITED, 1), "another kind of trouble"
    assert world.certificate.retry is not None
    assert (world.certificate.retry - world.clock.now()).total_seconds() >= 9000
    await world.order(world.version).fulfil()
    found = world.certificate
    assert (found.problem, found.failures, found.retry) == ("", 0, None)


async def test_an_account_that_the_authority_has_forgotten_is_made_anew(world: World) -> None:
    await world.order().fulfil()
    world.ca.problems["order"] = [(400, "accountDoesNotExist", "who?")]
    await world.order(world.version).fulfil()
    assert world.certificate.problem == ""
    assert len(world.ca.said("account")) == 2
    world.ca.problems["order"] = [(400, "accountDoesNotExist", "who?")] * 2
    await world.order(world.version).fulfil()
    assert world.certificate.problem == "who? (accountDoesNotExist)", "once is enough"


async def test_an_account_whose_key_is_none(world: World) -> None:
    world.shelf.put(account_name(world.resolver), Account(authority="", key="hello"))
    await world.order().fulfil()
    assert world.certificate.problem == ""


async def test_two_replicas_make_one_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account, write = Account(authority="", key=new_account_key()), world.shelf.write

    def slow(name: str, value: object, expected: int) -> int:
        if isinstance(value, Account) and expected == 0:
            write(name, account, 0)
        return write(name, value, expected)

    monkeypatch.setattr(world.shelf, "write", slow)
    await world.order().fulfil()
    kept, _ = world.shelf.account(account_name(world.resolver))
    assert kept is not None
    assert kept.key == account.key


async def test_a_provider_that_is_not_set_up(world: World) -> None:
    resolver = replace(world.resolver, dns=DnsChallenge(provider="route53"))
    await world.order(resolver=resolver).fulfil()
    assert "there is no DNS provider" in world.certificate.problem
    assert world.ca.orders == []


async def test_a_mistake_of_ours_is_no_stream_of_orders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(orders, "solvers", fails)
    await world.order().fulfil()
    assert world.certificate.problem == "a mistake of Tulle: RuntimeError('oops')"
    assert world.certificate.retry is not None


async def slow_order(world: World) -> asyncio.Task[None]:
    """One that is at it, and will not come to an end."""
    world.ca.steps = ["processing"]
    resolver = replace(world.resolver, issue_timeout=1000.0)
    task = asyncio.ensure_future(world.order(resolver=resolver).fulfil())  # noqa: TID251
    await until(lambda: world.ca.said("look"))
    return task


async def test_a_lease_is_extended_while_it_lasts_and_given_back(world: World) -> None:
    world.lease = 0.06
    task = await slow_order(world)
    first = world.certificate.until
    assert first is not None
    world.clock.advance(5)
    await until(lambda: world.certificate.until == first + timedelta(seconds=5))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.certificate.holder == ""


async def test_one_that_was_late_keeps_what_it_got(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.lease = 0.06
    task = await slow_order(world)
    taken = replace(world.certificate, holder="other", failures=3)
    world.shelf.put(CERTIFICATES + NAME, taken)
    await until(lambda: "another control plane is at the certificate for a.example, too" in caplog.text)
    world.ca.steps = ["valid"]
    await task
    assert "BEGIN CERTIFICATE" in world.certificate.chain


async def test_a_failure_of_one_that_was_late_counts_nothing(world: World) -> None:
    task = await slow_order(world)
    taken = replace(world.certificate, holder="other")
    world.shelf.put(CERTIFICATES + NAME, taken)
    world.ca.steps = ["invalid"]
    await task
    assert world.certificate == taken


async def test_a_full_disk(world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(orders, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(orders, "STORE_PAUSE", 0.01)
    world.lease = 0.06
    task = await slow_order(world)
    write, times = world.shelf.write, [0]

    def full(name: str, value: object, expected: int) -> int:
        times[0] += 1
        if times[0] in {1, 2}:
            raise StoreUnusable("the disk is full")
        return write(name, value, expected)

    monkeypatch.setattr(world.shelf, "write", full)
    await until(lambda: times[0] > 1)
    assert "the lease of a certificate cannot be extended: the disk is full" in caplog.text
    times[0] = 0
    world.lease = 60.0
    world.ca.steps = ["valid"]
    await task
    assert "BEGIN CERTIFICATE" in world.certificate.chain, "a moment does no harm"

    def fails(*_: object) -> int:
        raise StoreUnusable("the disk is full")

    monkeypatch.setattr(world.shelf, "write", fails)
    await world.order(world.version).fulfil()
    assert "the certificate for a.example: the disk is full" in caplog.text
    assert len(world.ca.orders) == 1
