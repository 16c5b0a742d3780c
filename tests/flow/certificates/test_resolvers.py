from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from socket import create_server

import pytest

from tests.clients.acme.authority import Authority, authority
from tests.flow.certificates.making import DIRECTORY, certificate
from tests.flow.certificates.test_importing import ACCOUNT, file
from tests.flow.certificates.test_importing import certificate as kept_by_traefik
from tests.flow.certificates.waiting import until
from tulle.flow.certificates.kept import CERTIFICATES, REPLICAS, Certificate, Replica, Shown, identity
from tulle.flow.certificates.resolvers import AT_ONCE, Resolvers
from tulle.flow.certificates.shelf import Shelf
from tulle.flow.certificates.solvers import Pace
from tulle.kit.clock import ManualClock
from tulle.model.challenges import Answer, HttpAnswer
from tulle.model.documents import Origin
from tulle.model.resolvers import DnsChallenge, HttpChallenge, KeyType, Resolver, WantedCertificate
from tulle.store.base import StoreUnusable
from tulle.store.sqlite_records import SqliteRecords

A = ("a.example",)


@dataclass
class World:
    folder: Path
    ca: Authority
    clock: ManualClock = field(default_factory=ManualClock)
    changes: int = 0
    given: list[tuple[Answer, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ca.begin = self.clock.now
        self.records = SqliteRecords(self.folder / "store.db")
        self.shelf = Shelf(self.records)

    def changed(self) -> None:
        self.changes += 1

    async def reached(self, answers: tuple[Answer, ...]) -> None:
        self.given.append(answers)

    @property
    def resolver(self) -> Resolver:
        return Resolver(name="le", server=self.ca.server, key_type=KeyType.EC256, http=HttpChallenge())

    def resolvers(self) -> Resolvers:
        return Resolvers(
            self.records,
            self.changed,
            self.reached,
            clock=self.clock,
            environment={"EXEC_PATH": "/bin/true"},
            pace=Pace(look=0.01, poll=0.01),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Resolvers]:
        made = self.resolvers()
        made.load()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(made.run())
            try:
                yield made
            finally:
                task.cancel()


@pytest.fixture
def ca() -> Iterator[Authority]:
    with authority() as found:
        yield found


@pytest.fixture
async def world(ca: Authority, tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, ca)
    yield made
    made.records.close()


def wanted(*domains: str, origin: str = "routers.yml") -> WantedCertificate:
    return WantedCertificate(resolver="le", domains=domains, origin=Origin("file", origin))


async def test_certificates_are_obtained_served_and_renewed(world: World) -> None:
    async with world.running() as made:
        made.follow({"le": world.resolver}, [wanted("A.example")])
        await until(lambda: made.served)
        name = made.served["le", A]
        first = made.secrets[name]
        assert any(isinstance(each, HttpAnswer) for answers in world.given for each in answers)
        await until(lambda: made.answers == ())
        world.clock.advance(59 * 24 * 3600)
        await asyncio.sleep(0.05)
        assert made.secrets[name] is first
        world.clock.advance(4 * 24 * 3600)
        await until(lambda: made.secrets[name] is not first)
        assert (len(world.ca.orders), made.findings) == (2, ())
    again = world.resolvers()
    again.load()
    assert again.secrets[name].data == made.secrets[name].data, "the first mesh has it already"


async def test_nothing_is_done_where_nothing_is_wanted(world: World) -> None:
    async with world.running() as made:
        made.follow({}, [])
        await asyncio.sleep(0.05)
        made.follow({"le": world.resolver}, [])
        await until(lambda: REPLICAS + made.me in world.shelf.content().versions)
        changes = world.changes
        made.follow({"le": world.resolver}, [])
        await asyncio.sleep(0.05)
    assert (world.ca.orders, world.changes, changes) == ([], 0, 0)


async def test_a_certificate_past_its_end_is_served_no_more(world: World) -> None:
    world.ca.lifetime = timedelta(hours=1)
    async with world.running() as made:
        made.follow({"le": world.resolver}, [wanted("a.example")])
        await until(lambda: made.served)
        world.ca.web.close()
        world.clock.advance(3599)
        await until(lambda: made.findings)
        assert "still counts" in made.findings[0].message
        world.clock.advance(2)
        await until(lambda: not made.served and not made.secrets)
        assert "still counts" not in made.findings[0].message


async def test_what_another_replica_writes_is_served(world: World) -> None:
    world.ca.web.close()
    held = Certificate(resolver="le", domains=A, holder="other", until=world.clock.now() + timedelta(seconds=60))
    world.shelf.put(CERTIFICATES + identity("le", A), held)
    async with world.running() as made:
        made.follow({"le": world.resolver}, [wanted("a.example")])
        answer = HttpAnswer(token="t", text="t.k")
        shown = Shown(http=answer, until=world.clock.now() + timedelta(seconds=30))
        world.shelf.put("answer/http-01/t", shown)
        await until(lambda: made.answers == (answer,) and world.given[-1:] == [(answer,)])
        world.clock.advance(31)
        await until(lambda: made.answers == ())
        await until(lambda: "answer/http-01/t" not in world.shelf.content().versions)
        world.shelf.put(CERTIFICATES + identity("le", A), certificate("a.example"))
        await until(lambda: made.served)
        assert made.findings == ()


async def test_what_is_taken_over_serves_at_once(world: World) -> None:
    path = world.folder / "acme.json"
    path.write_text(file(ACCOUNT, kept_by_traefik("a.example"), "broken"))
    server = replace(world.ca.server, directory=DIRECTORY)
    async with world.running() as made:
        resolver = replace(world.resolver, storage=str(path), server=server)
        made.follow({"le": resolver}, [wanted("a.example")])
        await until(lambda: made.served)
        assert [finding.message.rpartition(": ")[2] for finding in made.findings] == [
            "a certificate does not say what it is for; it is left out"
        ]
        made.follow({"other": replace(world.resolver, name="other")}, [])
        await until(lambda: not made.findings)


async def test_resolvers_that_cannot_work(world: World) -> None:
    none, unknown = replace(world.resolver, http=None), DnsChallenge(provider="route53")
    async with world.running() as made:
        made.follow({"le": none}, [wanted("a.example")])
        await until(lambda: made.findings)
        assert "has no challenge" in made.findings[0].message
        made.follow({"le": replace(none, dns=unknown)}, [wanted("a.example")])
        await until(lambda: "there is no DNS provider" in made.findings[0].message)
        made.follow({"le": replace(none, dns=DnsChallenge(provider="exec"))}, [wanted("a.example")])
        await until(lambda: not made.findings or "obtained" in made.findings[0].message)


async def test_names_that_documents_have_certificates_for(world: World) -> None:
    async with world.running() as made:
        made.follow({"le": world.resolver}, [wanted("a.example"), wanted("b.example")], ["*.Example"])
        await asyncio.sleep(0.1)
        assert world.ca.orders == []
        made.follow({"le": world.resolver}, [wanted("a.example"), wanted("b.example")], ["b.example"])
        await until(lambda: made.served.keys() == {("le", A)})


async def test_findings_are_where_routers_are_now(world: World) -> None:
    async with world.running() as made:
        for place in ("one.yml", "two.yml"):
            made.follow({}, [wanted("a.example", origin=place)])
            await until(lambda place=place: made.findings and made.findings[0].origin.file == place)  # type: ignore[misc]


async def test_one_proof_of_a_name_at_a_time(world: World) -> None:
    at_once: list[int] = []
    order = world.ca.order

    def count(handler: object) -> None:
        at_once.append(sum(each["status"] != "valid" for each in world.ca.orders))
        order(handler)  # type: ignore[arg-type]

    world.ca.web.answers["/order"] = count
    async with world.running() as made:
        made.follow({"le": world.resolver}, [wanted("a.example"), wanted("a.example", "b.example")])
        await until(lambda: len(made.served) == 2)
    assert at_once == [0, 0]


async def test_what_is_over_is_forgotten(world: World) -> None:
    unwanted = certificate("old.example", begin=world.clock.now())
    failed = Certificate(resolver="le", domains=("never.example",), problem="no", orders=(world.clock.now(),))
    world.shelf.put(CERTIFICATES + identity("le", ("old.example",)), unwanted)
    world.shelf.put(CERTIFICATES + identity("le", ("never.example",)), failed)
    world.shelf.put(REPLICAS + "gone", Replica(until=world.clock.now()))

    def there() -> set[str]:
        content = world.shelf.content()
        return {each.certificate.domains[0] for each in content.known.values()} | (content.replicas.keys() & {"gone"})

    async with world.running() as made:
        made.follow({"le": world.resolver}, [])
        await until(lambda: there() == {"old.example", "never.example"})
        assert len(made.secrets) == 1, "what nobody wants any more is still shown"
        for days, left in ((2, {"old.example"}), (100, {"old.example"}), (20, set())):
            world.clock.advance(days * 24 * 3600)
            made.follow({"le": replace(world.resolver, email=str(days))}, [])
            await until(lambda left=left: there() == left)  # type: ignore[misc]


async def test_a_store_that_is_away_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> int:
        raise StoreUnusable("the disk is away")

    with monkeypatch.context() as patched:
        patched.setattr(SqliteRecords, "mark", fails)
        world.resolvers().load()
        assert "certificates cannot be read: the disk is away" in caplog.text
        async with world.running() as made:
            made.follow({"le": world.resolver}, [wanted("a.example")])
            await until(lambda: caplog.text.count("cannot be looked after: the disk is away") > 3)
            patched.undo()
            await until(lambda: made.served and not made.answers)
            patched.setattr(SqliteRecords, "mark", fails)
            caplog.clear()
            await until(lambda: caplog.text.count("cannot be looked after: the disk is away") > 3)


async def test_a_mistake_of_ours_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("oops")

    with monkeypatch.context() as patched:
        patched.setattr("tulle.flow.certificates.resolvers.plan", fails)
        async with world.running() as made:
            made.follow({"le": world.resolver}, [wanted("a.example")])
            await until(lambda: "oops" in caplog.text)
            patched.undo()
            await until(lambda: made.served)


async def test_an_authority_that_never_answers_holds_up_nobody_else(world: World) -> None:
    loop = asyncio.get_running_loop()
    with ExitStack() as stack:
        silent = stack.enter_context(create_server(("127.0.0.1", 0)))
        silent.setblocking(False)
        server = replace(world.ca.server, directory=f"https://127.0.0.1:{silent.getsockname()[1]}/directory")
        resolver = replace(world.resolver, server=server)
        async with asyncio.timeout(10), world.running() as made:
            made.follow({"le": resolver}, [wanted(f"{number}.example") for number in range(40)])
            for _ in range(AT_ONCE):
                stack.enter_context((await loop.sock_accept(silent))[0])
            assert await asyncio.to_thread(int, "1") == 1
