"""The real servers, gRPC and HTTP, on ports that the kernel chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc.aio
import httpx
import pytest

from tulle.api import app
from tulle.api.credentials import ServerCertificate
from tulle.api.hosts import Hosts
from tulle.api.hosts_messages import HostReport
from tulle.flow.state import ProxyState
from tulle.identity.authority import Authority
from tulle.identity.tokens import Tokens
from tulle.model.documents import Document
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh, Settings
from tulle.model.statuses import ObjectKey, Place
from tulle.model.workloads import Instance
from tulle.store.sqlite import SqliteStore


@dataclass
class Registry:
    """Remembers what it was told."""

    settings: Settings = field(default_factory=lambda: Settings(trust_domain="mesh.test", certificate_lifetime=60.0))
    allowed: set[tuple[str, str, str]] = field(default_factory=set)
    events: list[tuple[str, str, object]] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        return (host, namespace, account) in self.allowed

    def is_connected(self, host: str) -> bool:
        return host in self.present

    def connected(self, host: str, role: str) -> None:
        self.events.append(("connected", host, role))

    def reported(self, report: HostReport) -> None:
        self.events.append(("reported", report.host, report.message))

    def disconnected(self, host: str) -> None:
        self.events.append(("disconnected", host, None))
        self.lost.set()


@dataclass
class Plane:
    """The two ports of a control plane."""

    authority: Authority
    tokens: Tokens
    registry: Registry
    hosts: Hosts
    enrolment: str = ""
    local: str = ""
    membership: str = ""


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    authority = Authority.open(tmp_path / "ca", trust_domain="mesh.test")
    tokens = Tokens(tmp_path / "tokens.json", authority.fingerprint)
    registry = Registry()
    plane = Plane(authority, tokens, registry, Hosts(authority, tokens, registry))
    certificate = ServerCertificate(authority, "mesh.test")
    open_to_all, members = grpc.aio.server(), grpc.aio.server()
    open_to_all.add_generic_rpc_handlers((plane.hosts.enrolment(),))
    members.add_generic_rpc_handlers((plane.hosts.membership(),))
    plane.enrolment = f"127.0.0.1:{open_to_all.add_secure_port('127.0.0.1:0', certificate.enrolment())}"
    plane.local = f"unix:{tmp_path}/join.sock"
    open_to_all.add_insecure_port(plane.local)
    plane.membership = f"127.0.0.1:{members.add_secure_port('127.0.0.1:0', certificate.membership())}"
    await open_to_all.start()
    await members.start()
    try:
        yield plane
    finally:
        await open_to_all.stop(0)
        await members.stop(0)


@dataclass
class Seen:
    """A control plane to look at."""

    mesh: Mesh = field(default_factory=Mesh)
    findings: tuple[Finding, ...] = ()
    instances: tuple[Instance, ...] = ()
    is_ready: bool = True
    given: tuple[ProxyState, ...] = ()
    documents: Sequence[Document] = ()
    since: Mapping[ObjectKey, Mapping[Place, str]] = field(default_factory=dict)

    def proxies(self) -> tuple[ProxyState, ...]:
        return self.given


@dataclass
class Api:
    """A running API."""

    state: Seen
    store: SqliteStore
    client: httpx.AsyncClient
    """Shows the token."""
    stranger: httpx.AsyncClient
    """Does not."""


@pytest.fixture
def serving(tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[Api]]:
    """The API under real uvicorn, on a port that the kernel chooses."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Api]:
        state, store = Seen(), SqliteStore(tmp_path / "store.db")
        bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        token_file = tmp_path / "token"
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(app.serve("127.0.0.1:0", state, store, token_file, bound.set_result))
            url = f"http://{await bound}"
            headers = {"Authorization": f"Bearer {token_file.read_text().strip()}"}
            async with (
                httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
                httpx.AsyncClient(base_url=url, timeout=20) as stranger,
            ):
                yield Api(state, store, client, stranger)
            task.cancel()
        store.close()

    return start
