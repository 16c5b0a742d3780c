"""Certificates from a real authority (Pebble), which looks at what gateways and a real name server (Knot) answer."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509

from tests.e2e import knot, pebble
from tests.e2e.answering import Gateway, serving, until
from tests.e2e.knot import Knot
from tests.e2e.pebble import Pebble
from tulle.clients.acme import keys
from tulle.clients.acme.problems import Trouble
from tulle.flow.certificates import timing
from tulle.flow.certificates.resolvers import Resolvers
from tulle.flow.certificates.solvers import Pace
from tulle.model.names import Name
from tulle.model.resolvers import (
    DnsChallenge,
    ExternalAccount,
    HttpChallenge,
    KeyType,
    Resolver,
    TlsChallenge,
    WantedCertificate,
)
from tulle.store.sqlite_records import SqliteRecords

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    with knot.running(Knot(tmp_path_factory.mktemp("knot"))) as server:
        yield server


@dataclass
class World:
    folder: Path
    names: Knot
    authority: Pebble
    gateway: Gateway = field(default_factory=Gateway)
    changes: int = 0

    def resolver(self, **more: object) -> Resolver:
        usual = Resolver(name="le", server=self.authority.server, key_type=KeyType.EC256, http=HttpChallenge())
        return replace(usual, **more)  # type: ignore[arg-type]

    @property
    def store(self) -> Path:
        return self.folder / "store.db"

    def environment(self) -> Mapping[str, str]:
        return self.names.environment

    @asynccontextmanager
    async def plane(self, gateway: Gateway | None = None, lease: float = 60.0) -> AsyncIterator[Resolvers]:
        """A control plane, as far as certificates are concerned."""
        records = SqliteRecords(self.store)
        resolvers = Resolvers(
            records,
            self.changed,
            (gateway or self.gateway).reached,
            environment=self.environment(),
            pace=Pace(look=0.1, lease=lease, poll=0.05, beat=1.0, dns_port=self.names.port),
        )
        resolvers.load()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(resolvers.run())
            try:
                yield resolvers
            finally:
                running.cancel()
                await asyncio.wait([running])
                records.close()

    def changed(self) -> None:
        self.changes += 1


@pytest.fixture
async def world(tmp_path: Path, names: Knot) -> AsyncIterator[World]:
    made = World(tmp_path, names, Pebble(tmp_path / "pebble", dns=names.address))
    with pebble.running(made.authority):
        async with serving(made.gateway, made.authority.http_port, made.authority.tls_port):
            yield made


def wanted(*domains: str, resolver: str = "le") -> WantedCertificate:
    return WantedCertificate(resolver=resolver, domains=domains)


def chain(resolvers: Resolvers, *domains: str) -> str:
    """What is served for these names; empty if there is nothing yet."""
    name: Name | None = resolvers.served.get(("le", domains))
    return resolvers.secrets[name].get("tls.crt").decode() if name else ""


async def test_by_http(world: World) -> None:
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [wanted("a.example.test", "b.example.test")])
        await until(lambda: chain(plane, "a.example.test", "b.example.test"))
        await until(lambda: not plane.answers)
        found = chain(plane, "a.example.test", "b.example.test")
        assert set(keys.facts(found).names) == {"a.example.test", "b.example.test"}
        last = x509.load_pem_x509_certificates(found.encode())[-1]
        last.verify_directly_issued_by(x509.load_pem_x509_certificate(world.authority.root().encode()))
        secret = plane.secrets[plane.served["le", ("a.example.test", "b.example.test")]]
        keys.facts(secret.get("tls.crt"), secret.get("tls.key"))
        assert plane.findings == ()
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [wanted("b.example.test", "a.example.test")])
        await until(lambda: chain(plane, "b.example.test", "a.example.test") == found)
        await asyncio.sleep(0.3)
        assert world.authority.orders == 1, "what is stored serves after a restart"


async def test_by_tls(world: World) -> None:
    async with world.plane() as plane:
        plane.follow({"le": world.resolver(http=None, tls=TlsChallenge())}, [wanted("tls.example.test")])
        await until(lambda: chain(plane, "tls.example.test"))
        assert "tls.example.test" in world.gateway.asked


async def test_by_dns_for_wildcards_and_aliases(world: World) -> None:
    dns = DnsChallenge(provider="rfc2136", resolvers=(world.names.address,), is_resolver_checked=True)
    resolver = world.resolver(http=None, dns=dns)
    async with world.plane() as plane:
        plane.follow({"le": resolver}, [wanted("example.test", "*.example.test"), wanted("alias.example.test")])
        await until(lambda: chain(plane, "example.test", "*.example.test"))
        await until(lambda: chain(plane, "alias.example.test"))
    assert world.names.text("_acme-challenge.example.test").strip() == ""
    assert world.names.text("proofs.elsewhere.example.test").strip() == ""


async def test_certificates_that_live_for_seconds_are_renewed(world: World) -> None:
    world.authority.stop()
    world.authority.lifetime = 4
    world.authority.start()
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [wanted("short.example.test")])
        await until(lambda: chain(plane, "short.example.test"))
        seen = chain(plane, "short.example.test")
        await until(lambda: chain(plane, "short.example.test") != seen)
        assert chain(plane, "short.example.test"), "the old one is served until there is a new one"
    assert world.authority.orders == 2


async def test_replicas_share_a_certificate(world: World) -> None:
    other = Gateway()
    async with world.plane() as one, world.plane(other) as two:
        for plane in (one, two):
            plane.follow({"le": world.resolver()}, [wanted("shared.example.test")])
        await until(lambda: chain(one, "shared.example.test") and chain(two, "shared.example.test"))
        assert chain(one, "shared.example.test") == chain(two, "shared.example.test")
        assert world.authority.orders == 1
        # Whichever of the gateways is asked, it knows the answer.
        together = [wanted(f"shared-{number}.example.test") for number in range(6)]
        for plane in (one, two):
            plane.follow({"le": world.resolver()}, together)
        await until(lambda: all(len(plane.served) == 6 for plane in (one, two)))
        assert world.authority.orders == 7
        assert one.secrets.keys() == two.secrets.keys()
        assert "There are now 1 accounts" in world.authority.log
        assert "There are now 2 accounts" not in world.authority.log


DYING = """
import asyncio, sys
from pathlib import Path
from tests.e2e.test_acme import World, wanted
from tests.e2e.knot import Knot
from tests.e2e.pebble import Pebble

class Never:
    async def reached(self, answers):
        if answers:
            print("at it", flush=True)
            await asyncio.sleep(1000)

async def main():
    folder = Path(sys.argv[1])
    authority = Pebble(folder / "pebble", port=int(sys.argv[2]))
    world = World(folder, Knot(folder / "knot"), authority)
    async with world.plane(Never(), lease=1.0) as plane:
        plane.follow({"le": world.resolver()}, [wanted("taken.example.test")])
        await asyncio.sleep(1000)

asyncio.run(main())
"""


async def test_another_replica_takes_over_from_one_that_dies(world: World) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DYING,
        str(world.folder),
        str(world.authority.port),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 20) == b"at it\n"
        async with world.plane(lease=1.0) as plane:
            plane.follow({"le": world.resolver()}, [wanted("taken.example.test")])
            await asyncio.sleep(1.5)
            assert not plane.served, "the other one lives, and extends its lease"
            process.send_signal(signal.SIGKILL)
            await until(lambda: chain(plane, "taken.example.test"))
            assert world.authority.orders == 2
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_an_authority_that_is_down_and_one_that_forgets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(timing._PAUSES, Trouble.AWAY, (0.5, 1.0))
    world.authority.stop()
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [wanted("one.example.test")])
        await until(lambda: plane.findings)
        assert "cannot be reached: connection refused; it is tried again at" in plane.findings[0].message
        world.authority.start()
        await until(lambda: chain(plane, "one.example.test"))
        await until(lambda: not plane.findings)
        # It forgets everything, and its directory stays where it is.
        world.authority.stop()
        world.authority.start()
        plane.follow({"le": world.resolver()}, [wanted("one.example.test"), wanted("two.example.test")])
        await until(lambda: chain(plane, "two.example.test"))
        assert chain(plane, "one.example.test")
        assert plane.findings == ()


async def test_an_external_account(world: World) -> None:
    world.authority.stop()
    world.authority.keys["kid-1"] = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    world.authority.start()
    external = ExternalAccount(kid="kid-1", hmac=world.authority.keys["kid-1"])
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [wanted("eab.example.test")])
        await until(lambda: plane.findings)
        assert "give their eab.kid and eab.hmacEncoded" in plane.findings[0].message
        plane.follow({"le": world.resolver(external_account=external)}, [wanted("eab.example.test")])
        await until(lambda: chain(plane, "eab.example.test"))


TRAEFIK = """
entryPoints: {{web: {{address: "127.0.0.1:{web}"}}, websecure: {{address: "127.0.0.1:{websecure}"}}}}
providers: {{file: {{filename: {folder}/dynamic.yml}}}}
certificatesResolvers:
  le:
    acme:
      email: me@example.test
      caServer: {directory}
      storage: {folder}/acme.json
      keyType: EC256
      caCertificates: [{authority}]
      httpChallenge: {{entryPoint: web}}
"""
ROUTERS = """
http:
  routers:
    a: {rule: "Host(`a.example.test`) || Host(`b.example.test`)", service: noop@internal, tls: {certResolver: le}}
    c:
      rule: Host(`x.example.test`)
      service: noop@internal
      tls: {certResolver: le, domains: [{main: c.example.test, sans: [d.example.test]}]}
"""


async def test_what_the_real_traefik_has_obtained_costs_no_new_order(tmp_path: Path, names: Knot) -> None:
    world = World(tmp_path, names, Pebble(tmp_path / "pebble", dns=names.address))
    storage = tmp_path / "acme.json"
    with pebble.running(world.authority) as authority:
        ports = {"web": authority.http_port, "websecure": authority.tls_port}
        text = TRAEFIK.format(
            folder=tmp_path, directory=authority.server.directory, authority=authority.authority, **ports
        )
        (tmp_path / "static.yml").write_text(text)
        (tmp_path / "dynamic.yml").write_text(ROUTERS)
        command = [str(Path(sys.executable).with_name("traefik")), f"--configFile={tmp_path}/static.yml"]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        try:
            await until(lambda: storage.exists() and storage.read_text().count('"certificate"') == 2)
        finally:
            process.kill()
            await process.wait()
        async with serving(world.gateway, authority.http_port, authority.tls_port), world.plane() as plane:
            wishes = [wanted("a.example.test", "b.example.test"), wanted("c.example.test", "d.example.test")]
            resolver = world.resolver(storage=str(storage))
            plane.follow({"le": resolver}, wishes)
            await until(lambda: len(plane.served) == 2)
            await asyncio.sleep(0.3)
            assert authority.orders == 2
            plane.follow({"le": resolver}, [*wishes, wanted("new.example.test")])
            await until(lambda: chain(plane, "new.example.test"))
            assert plane.findings == ()
            assert authority.orders == 3
        assert "There are now 1 accounts" in authority.log
        assert "There are now 2 accounts" not in authority.log, "its account is taken over"


async def test_a_name_that_is_not_ours_harms_no_other(world: World) -> None:
    elsewhere = wanted("nobody.invalid")
    async with world.plane() as plane:
        plane.follow({"le": world.resolver()}, [elsewhere, wanted("mine.example.test")])
        await until(lambda: chain(plane, "mine.example.test") and plane.findings)
        (finding,) = plane.findings
        assert "it could not see by http-01 that nobody.invalid is ours" in finding.message
        await asyncio.sleep(0.5)
        assert world.authority.orders == 2, "and it is not tried again at once"
