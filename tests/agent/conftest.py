"""Both ends of a feed, played by the test: an Envoy that answers message by message, and what a plane sends."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tulle.agent.last_good import LastGood
from tulle.agent.material import Material
from tulle.identity.authority import Authority
from tulle.identity.keys import key_pem, new_key, request
from tulle.kit.clock import ManualClock
from tulle.kit.home import Home
from tulle.model.security import Identity
from tulle.xds.messages import Node, Request, Response, frame_request, parse_response
from tulle.xds.replica import Delta
from tulle.xds.snapshot import Resource
from tulle.xds.subscription import Provider, Session

WEB = Identity("cluster.local", "default", "web")


@dataclass
class PlayedEnvoy:
    """An Envoy as far as it talks xDS."""

    session: Session
    has: dict[str, dict[str, Resource]] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    """Bodies that it does not like, with its reasons."""
    _is_introduced: bool = False

    def ask(self, type_url: str, *names: str) -> None:
        node = None if self._is_introduced else Node("web-1")
        self._is_introduced = True
        self.session.receive(frame_request(Request(type_url, node, names)))

    def resume(self, type_url: str) -> None:
        node = None if self._is_introduced else Node("web-1")
        self._is_introduced = True
        versions = {name: resource.version for name, resource in self.has.get(type_url, {}).items()}
        self.session.receive(frame_request(Request(type_url, node, initial_versions=versions)))

    def listen(self) -> list[Response]:
        """Take everything that there is, and answer it."""
        heard = []
        while (data := self.session.next_response()) is not None:
            response = parse_response(data)
            heard.append(response)
            wrong = [each for each in response.resources if each.body.decode(errors="replace") in self.refuses]
            error = "; ".join(f"{each.name}: {self.refuses[each.body.decode()]}" for each in wrong) or None
            if not wrong:
                table = self.has.setdefault(response.type_url, {})
                table.update({each.name: each for each in response.resources})
                for name in response.removed:
                    table.pop(name, None)
            self.session.receive(frame_request(Request(response.type_url, nonce=response.nonce, error=error)))
        return heard

    def bodies(self, type_url: str) -> dict[str, bytes]:
        return {name: resource.body for name, resource in self.has.get(type_url, {}).items()}


@pytest.fixture
def played_envoy() -> Callable[[Provider], PlayedEnvoy]:
    """An Envoy that is connected to a provider."""
    return lambda provider: PlayedEnvoy(Session(provider))


@pytest.fixture
def sent() -> Callable[..., Delta]:
    """Something that the plane sends."""
    nonces = itertools.count(1)

    def make(type_url: str, *resources: Resource, removed: tuple[str, ...] = ()) -> Delta:
        changed = {resource.name: resource for resource in resources}
        return Delta(type_url, str(next(nonces)), changed, removed, {})

    return make


@pytest.fixture
def good(tmp_path: Path) -> Iterator[LastGood]:
    store = LastGood(tmp_path / "last-good.db")
    yield store
    store.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.create()
    yield home
    shutil.rmtree(home.sockets, ignore_errors=True)  # it may be outside of the home, for the sake of a short path


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def authority(tmp_path: Path, clock: ManualClock) -> Authority:
    return Authority.open(tmp_path / "ca", trust_domain="cluster.local", clock=clock)


@pytest.fixture
def issue(authority: Authority) -> Callable[..., Material]:
    """A key and a certificate for it."""

    def make(lifetime: float = 60.0, identity: Identity = WEB) -> Material:
        key = new_key()
        return Material(key_pem(key), authority.sign(request(key), identity, lifetime), authority.bundle.pem)

    return make


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Wait for a condition, with a deadline."""

    async def wait(condition: Callable[[], object], within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def tasks() -> AsyncIterator[Callable[..., asyncio.Task[None]]]:
    """Runs coroutines until the test is over."""
    async with asyncio.TaskGroup() as group:
        started: list[asyncio.Task[None]] = []

        def start(coroutine: object) -> asyncio.Task[None]:
            task: asyncio.Task[None] = group.create_task(coroutine)  # type: ignore[arg-type]
            started.append(task)
            return task

        yield start
        for task in started:
            task.cancel()
