"""A control plane without files, API and store: a mesh made by hand, published to a real agent."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.envoy.kitchen import free_port
from tulle.api.credentials import ServerCertificate
from tulle.api.hosts import Hosts as HostsService
from tulle.api.hosts_messages import HostReport
from tulle.flow.hosts import Hosts
from tulle.flow.publish import Publisher
from tulle.identity.authority import Authority
from tulle.identity.tokens import Tokens
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.model.documents import BUILT_IN
from tulle.model.guards import Guard
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh, Settings
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.routes import Backend, Forward, Match, RouteRule, RouteSet
from tulle.model.services import Port, Service
from tulle.model.workloads import Instance, Workload
from tulle.xds.server import serving

PORTS = (Port(name="http", number=8000),)
ECHO = Path(__file__).with_name("echo.py")
AGENT = """
import asyncio, logging, pathlib, sys
from tulle.agent import main
from tulle.kit.home import Home
logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(levelname)s %(message)s")
home = Home(pathlib.Path(sys.argv[1]))
asyncio.run(main.run(home, sys.argv[2], "here", "host", lifeline=int(sys.argv[3])))
"""


async def eventually(condition: Callable[[], Any], *, within: float = 20.0, what: str = "") -> Any:
    """The first true answer, asked again until the deadline; errors of the network count as `not yet`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    last: object = None
    while loop.time() < deadline:
        try:
            found = condition()
            last = answer = await found if isinstance(found, Awaitable) else found
            if answer:
                return answer
        except (httpx.HTTPError, AssertionError, OSError, LookupError) as error:
            last = error
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within:g} s: {what} (last: {last!r})")


def guard(name: str) -> Guard:
    """What the proxy of an echo service enforces."""
    full = Name("default", name)
    return Guard(workload=full, origin=BUILT_IN, service=full, account=name, answers=(full,), ports=PORTS)


def service(name: str) -> tuple[Service, Workload]:
    """An echo service in the namespace `default`, and how it is run."""
    full = Name("default", name)
    return (
        Service(name=full, origin=BUILT_IN, ports=PORTS, account=name),
        Workload(
            name=full,
            origin=BUILT_IN,
            service=full,
            account=name,
            command=(sys.executable, str(ECHO)),
            directory=str(ECHO.parent),
            ports=PORTS,
        ),
    )


@dataclass
class SmallPlane:
    """The plane, and one agent beside it."""

    home: Home
    port: int = field(default_factory=free_port)
    gateway: int = field(default_factory=free_port)
    lifetime: float = 3600.0
    names: tuple[str, ...] = ("web", "back")
    listeners: tuple[Listener, ...] = ()
    secrets: tuple[Secret, ...] = ()
    reported: HostReport | None = None
    publisher: Publisher | None = None
    agent: asyncio.subprocess.Process | None = None
    guards: dict[str, Guard] = field(default_factory=dict)
    """By service; those that did not change stay the same objects."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _lifeline: int = -1

    @property
    def log(self) -> Path:
        return self.home.logs / "agent.log"

    @property
    def instances(self) -> tuple[Instance, ...]:
        """As last reported."""
        return self.reported.instances if self.reported else ()

    def mesh(self) -> Mesh:
        """Services that are all alike, a gateway that sends everything to the first."""
        pairs = [service(name) for name in self.names]
        listener = Listener(name=Name("default", "http"), origin=BUILT_IN, port=self.gateway)
        listeners = (listener, *self.listeners)
        backend = Backend(service=pairs[0][0].name, origin=BUILT_IN)
        rule = RouteRule(name="all", origin=BUILT_IN, matches=(Match(),), action=Forward(backends=(backend,)))
        routes = RouteSet(name=Name("default", "all"), origin=BUILT_IN, rules=(rule,))
        self.guards |= {name: guard(name) for name in self.names if name not in self.guards}
        return Mesh(
            settings=Settings(certificate_lifetime=self.lifetime),
            services={each.name: each for each, _ in pairs},
            workloads={each.name: each for _, each in pairs},
            guards={self.guards[name].workload: self.guards[name] for name in self.names},
            listeners={each.name: each for each in listeners},
            gateway_routes=(routes,),
            secrets={each.name: each for each in self.secrets},
        )

    async def start(self) -> None:
        """Start the plane, or a successor of it with the same authority."""
        self.home.create()
        hosts = Hosts(self.home.plane / "hosts.json", lambda: publisher.hosts_changed())
        publisher = self.publisher = Publisher(hosts)
        hosts.load()
        publisher.update(self.mesh())
        publisher.hosts_changed()
        authority = Authority.open(self.home.plane / "ca", trust_domain="cluster.local")
        tokens = Tokens(self.home.plane / "tokens.json", authority.fingerprint)
        members = HostsService(authority, tokens, _Registry(self, publisher, hosts))
        certificate = ServerCertificate(authority, "cluster.local")
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(
            serving(
                publisher,
                address=f"127.0.0.1:{self.port}",
                credentials=certificate.membership(),
                services=(members.membership(),),
            )
        )
        join = serving(publisher, address=f"unix:{self.home.sockets / 'join.sock'}", services=(members.enrolment(),))
        await self._stack.enter_async_context(join)
        write_atomically(self.home.plane / "join-token", str(tokens.create(reusable=True)))

    async def stop(self) -> None:
        """The plane goes away; the agent stays."""
        await self._stack.aclose()

    async def start_agent(self) -> None:
        """Start an agent, or a successor of the one that was killed."""
        read, self._lifeline = os.pipe()
        with self.log.open("ab") as log:
            self.agent = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                AGENT,
                str(self.home.root),
                f"127.0.0.1:{self.port}",
                str(read),
                pass_fds=(read,),
                stdout=log,
                stderr=log,
            )
        os.close(read)

    async def kill_agent(self) -> None:
        """`kill -9`."""
        assert self.agent is not None
        self.agent.kill()
        await self.agent.wait()
        os.close(self._lifeline)

    async def end_agent(self) -> int:
        """In order; returns its exit status."""
        assert self.agent is not None
        if self.agent.returncode is None:
            self.agent.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(self.agent.wait(), 20)
        os.close(self._lifeline)
        return status

    def cut_lifeline(self) -> None:
        """As if whoever started the agent had died."""
        os.close(self._lifeline)
        self._lifeline = os.open(os.devnull, os.O_RDONLY)

    async def get(self, path: str = "/", *, port: int = 0, **options: object) -> httpx.Response:
        """One request to the gateway, on a connection of its own."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            return await client.get(f"http://127.0.0.1:{port or self.gateway}{path}", **options)  # type: ignore[arg-type]

    async def call(self, host: str) -> httpx.Response:
        """A call of the first service to another host, by its sidecar; the answer is that of the other host."""
        outbound = next(each.outbound for each in self.instances if each.service.name == self.names[0])
        async with httpx.AsyncClient(timeout=15, trust_env=False, proxy=f"http://{outbound}") as client:
            return await client.get(f"http://{host}/")

    def envoys(self) -> dict[str, int]:
        """Process ids of living Envoys, by proxy id."""
        found = {}
        for record in (self.home.agent / "proxies").glob("*/process"):
            pid = int(record.read_text().partition("@")[0])
            if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found[record.parent.name] = pid
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything alive that was started for this home, but for the agent itself."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and str(self.home.root) in " ".join(
                    [*process.cmdline(), *process.environ().values()]
                ):
                    found.append(process)
            except psutil.Error:
                continue
        return [process for process in found if process.pid != getattr(self.agent, "pid", None)]

    async def is_serving(self) -> bool:
        """Both services and the gateway do."""
        return len(self.instances) == len(self.names) and (await self.get()).status_code == 200


@dataclass
class _Registry:
    plane: SmallPlane
    publisher: Publisher
    hosts: Hosts

    @property
    def settings(self) -> Settings:
        return self.publisher.mesh.settings

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        return self.publisher.may_sign(host, namespace, account)

    def is_connected(self, host: str) -> bool:
        return self.hosts.is_connected(host)

    def connected(self, host: str, role: str) -> None:
        self.hosts.connected(host, role)

    def reported(self, report: HostReport) -> None:
        self.plane.reported = report
        self.hosts.reported(report.host, report.instances, report.message)

    def disconnected(self, host: str) -> None:
        self.hosts.disconnected(host)


@asynccontextmanager
async def running(home: Home, **options: object) -> AsyncIterator[SmallPlane]:
    """A plane and an agent that serve; afterwards everything is ended, and nothing may be left."""
    plane = SmallPlane(home, **options)  # type: ignore[arg-type]
    await plane.start()
    await plane.start_agent()
    try:
        await eventually(plane.is_serving, what="services and gateway")
        yield plane
    finally:
        await plane.end_agent()
        await plane.stop()
        left = plane.processes()
        for process in left:
            process.kill()
    assert not left, f"left behind: {[' '.join(process.cmdline()) for process in left]}"
