"""Composition root of the control plane: reads top to bottom, holds no logic of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from tulle.api import app
from tulle.api.credentials import ServerCertificate
from tulle.api.hosts import Hosts as HostsService
from tulle.api.hosts_messages import HostReport
from tulle.flow.admission import believed
from tulle.flow.assign import HostPlan
from tulle.flow.build import Builder
from tulle.flow.certificates.following import follow
from tulle.flow.certificates.resolvers import Resolvers
from tulle.flow.gather import Gather, Gathered
from tulle.flow.hosts import Hosts
from tulle.flow.kept_versions import KeptVersions
from tulle.flow.key_cache import KeyCache
from tulle.flow.observe import Observer
from tulle.flow.providers import Providers
from tulle.flow.publish import Publisher
from tulle.flow.seal import seal
from tulle.flow.taken import GRACE, Taken
from tulle.identity.authority import Authority
from tulle.identity.stand_in import self_signed
from tulle.identity.tokens import Tokens
from tulle.kit.collecting import collect_seldom
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.kit.latest import Latest
from tulle.kit.lifeline import end_of_life
from tulle.model.challenges import Answer
from tulle.model.mesh import Settings
from tulle.sources.built_in import BuiltIn
from tulle.sources.file import FileSource
from tulle.sources.store import StoreSource
from tulle.store.sqlite import SqliteStore
from tulle.store.sqlite_records import SqliteRecords
from tulle.xds.server import serving

log = logging.getLogger(__name__)

JOIN_SOCKET = "join.sock"
JOIN_TOKEN = "join-token"
START_PATIENCE = 3.0
"""Seconds that the API leaves to the first start of proxies and workloads."""
LOOK = 1.0
"""Seconds after which is looked without a sign whether proxies have what they should."""
YEAR = 365 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneSettings:
    """What a control plane is started with."""

    home: Home
    files: tuple[Path, ...] = ()
    folder: str = ""
    """Where paths in files begin; empty: at the folder of each file."""
    xds_address: str = "127.0.0.1:7710"
    api_address: str = "127.0.0.1:7700"
    join_address: str = ""
    """Where hosts join that are not this one; empty: nowhere. This one joins by a Unix socket."""
    lifeline: int | None = None
    """File descriptor that reaches its end when whoever started us is gone."""


async def run(settings: PlaneSettings) -> None:
    """Run a control plane until SIGTERM, SIGINT, or the end of its lifeline.

    Raises:
        OSError: the home cannot be written, or an address is in use.
        AuthorityError: the files of the certificate authority are damaged.
    """
    collect_seldom()
    home = settings.home
    home.create()
    ended = end_of_life(settings.lifeline)

    # What should be: files and the store, gathered and built into a mesh; and the keys that issuers of tokens publish.
    store = SqliteStore(home.plane / "store.db")
    paths = [str(path) for path in settings.files]
    built_in = BuiltIn(home.plane / "stand-in.pem", home.routers_socket, self_signed)
    gather = Gather((FileSource(paths, folder=settings.folder), StoreSource(store), built_in))
    kept = KeptVersions(home.plane / "last-good.db", gather.again)
    kept.load()
    kept.last_good.waits = True  # Documents name more sources.
    keys = KeyCache(home.plane / "keys.json", gather.again)
    keys.load()

    # What is: the hosts, and the proxies that are published to.
    hosts = Hosts(home.plane / "hosts.json", lambda: publisher.hosts_changed())
    stirred = asyncio.Event()
    publisher = Publisher(hosts, stirred.set)
    observer = Observer(publisher, hosts)
    hosts.load()
    taken = Taken(lambda: publisher.are_synced, gather.again)

    async def reached(answers: tuple[Answer, ...]) -> None:
        """Return when every gateway has what authorities ask for."""
        while answers and (resolvers.answers != answers or not observer.is_ready):
            stirred.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await stirred.wait()
        if answers:
            await asyncio.sleep(GRACE)  # What an Envoy has accepted listens a moment later.

    records = SqliteRecords(home.plane / "store.db")
    resolvers = Resolvers(records, gather.again, reached)
    resolvers.load()
    building = Building(
        gathered=gather.newest,
        keys=keys,
        kept=kept,
        taken=taken,
        publisher=publisher,
        observer=observer,
        builder=Builder(kept.last_good, seal(records)),
        providers=Providers(gather, paths, settings.folder),
        resolvers=resolvers,
    )

    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        stack.callback(store.close)  # Last of all: leaves one file, without a journal beside it.
        stack.callback(records.close)
        stack.callback(kept.close)
        gathering = tasks.create_task(gather.run())
        # Nobody is served before the first mesh: an empty one would take away what proxies have.
        first = tasks.create_task(building.first())
        await asyncio.wait((first, ended), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            for task in (gathering, first):
                task.cancel()
            return
        publisher.hosts_changed()
        await _serve_hosts(stack, settings, publisher, hosts)
        running = [
            tasks.create_task(each) for each in (building.run(), keys.run(), kept.run(), taken.run(), resolvers.run())
        ]
        api = tasks.create_task(
            app.serve(
                settings.api_address, observer, store, home.plane / "token", when=lambda: _settled(observer, stirred)
            )
        )
        asked = tasks.create_task(app.serve_routers(home.routers_socket, observer, building.providers.put))
        await ended
        for task in (gathering, *running, api, asked):
            task.cancel()


async def _serve_hosts(
    stack: contextlib.AsyncExitStack, settings: PlaneSettings, publisher: Publisher, hosts: Hosts
) -> None:
    """Let hosts join, and serve their proxies, until the stack is closed."""
    trust_domain = publisher.mesh.settings.trust_domain
    authority = Authority.open(settings.home.plane / "ca", trust_domain=trust_domain)
    tokens = Tokens(settings.home.plane / "tokens.json", authority.fingerprint)
    certificate = ServerCertificate(authority, trust_domain)
    service = HostsService(authority, tokens, Registry(publisher, hosts))

    xds = serving(
        publisher,
        address=settings.xds_address,
        credentials=certificate.membership(),
        services=(service.membership(),),
    )
    await stack.enter_async_context(xds)
    await stack.enter_async_context(app.joining(service, f"unix:{settings.home.sockets / JOIN_SOCKET}"))
    if settings.join_address:
        join = app.joining(service, settings.join_address, certificate.enrolment())
        await stack.enter_async_context(join)
    _leave_join_token(settings.home, tokens)
    log.info("serving proxies and agents at %s", settings.xds_address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The builds, one after the other: from what was gathered last to those who need the mesh."""

    gathered: Latest[Gathered]
    keys: KeyCache
    kept: KeptVersions
    taken: Taken
    publisher: Publisher
    observer: Observer
    builder: Builder
    providers: Providers
    resolvers: Resolvers

    async def first(self) -> None:
        """Build until there is something to publish."""
        while not await self.once():
            pass

    async def run(self) -> None:
        """Build and publish, at once when idle; what arrives meanwhile is taken together."""
        while True:
            await self.once()

    async def once(self) -> bool:
        """Build what there is next; if mistakes of ours come to light, what was published before stays."""
        newest = await self.gathered.next()
        findings = (*newest.findings, *self.keys.findings, *self.kept.findings, *self.resolvers.findings)
        try:
            # In a thread: parsing and merging must not hold up the streams.
            mesh = await asyncio.to_thread(
                self.builder.build,
                newest.documents,
                findings,
                self.keys.sets,
                newest.unreadable,
                self.taken.mesh,
                self.resolvers.issued,
            )
            if self.providers.follow(mesh):
                return False  # What they say belongs to it: nobody is to be told half of it.
            self.kept.last_good.settle()
            self.publisher.update(mesh)
            self.observer.built(mesh, self.builder.documents)
            self.keys.follow(mesh)
            follow(self.resolvers, mesh)
            self.kept.follow()
            self.taken.published(mesh, is_awaited=self.builder.is_easing)
        except Exception as error:
            log.exception("the newest documents cannot be used")
            self.observer.fault = repr(error)
            return False
        self.observer.fault = ""
        return True


class Registry:
    """What agents ask and report, handed to those whom it concerns."""

    def __init__(self, publisher: Publisher, hosts: Hosts) -> None:
        self._publisher = publisher
        self._hosts = hosts
        self.may_sign = publisher.may_sign
        self.connected = hosts.connected
        self.is_connected = hosts.is_connected
        self.disconnected = hosts.disconnected

    @property
    def settings(self) -> Settings:
        """Trust domain and lifetime of certificates, as of now."""
        return self._publisher.mesh.settings

    def reported(self, report: HostReport) -> None:
        """What runs on a host now, complete; only what it may run is believed."""
        plan = self._publisher.plans.get(report.host, HostPlan())
        mine = believed(report.instances, plan, self._hosts.instances_of(report.host))
        if len(mine) < len(report.instances):
            strange = sorted({str(each.service) for each in report.instances if each not in mine})
            log.warning("host %s reports what it was not told to run: %s", report.host, ", ".join(strange))
        self._hosts.reported(report.host, mine, report.message)


async def _settled(observer: Observer, stirred: asyncio.Event) -> None:
    """Done when everything is ready, or after a while: importing the web framework must not hold up the start."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_PATIENCE):
            while not observer.is_ready:
                stirred.clear()
                await stirred.wait()


def _leave_join_token(home: Home, tokens: Tokens) -> None:
    """Let the agent of this home in: whoever can read the home owns its certificate authority anyway."""
    file = home.plane / JOIN_TOKEN
    with contextlib.suppress(FileNotFoundError):
        if tokens.is_good(file.read_text()):
            return  # Nothing to write, so that a restart on a full disk succeeds.
    write_atomically(file, str(tokens.create(lifetime=YEAR, reusable=True)))
