"""The proxies of this host: each an Envoy, its certificate and its supply. What they are for is decided elsewhere."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from tulle.agent.certificate_files import CertificateFiles
from tulle.agent.certificates import Certificate, Sign
from tulle.agent.envoy import Envoy, Launch
from tulle.agent.last_good import LastGood
from tulle.agent.material import Material
from tulle.agent.relay import Relay
from tulle.agent.supply import Plane, Supply
from tulle.envoy.bootstrap import bootstrap
from tulle.kit.clock import Clock
from tulle.kit.codec import Undecodable, decode, encode, to_plain
from tulle.kit.files import write_atomically
from tulle.kit.home import Home
from tulle.model.security import Identity
from tulle.model.workloads import Instance
from tulle.xds.messages import Node

log = logging.getLogger(__name__)

START_DEADLINE = 30.0
"""Seconds until a proxy must serve."""


class ProxyFailed(Exception):
    """A proxy does not serve, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRecord:
    """What a proxy is: enough to find it again and to start it anew."""

    id: str
    role: str
    """`sidecar` or `gateway`."""
    host: str
    service: str
    """Name of the service that it stands before."""
    identity: Identity
    concurrency: int
    """Worker threads; 0: one per core."""
    environment: tuple[tuple[str, str], ...] = ()
    """Its variables, beside those of the agent."""
    instance: Instance | None = None
    """For a sidecar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all proxies of a host share."""

    home: Home
    relay: Relay
    plane: Plane
    sign: Sign
    clock: Clock
    changed: Callable[[], None]
    """Called when a proxy has something new to complain about, or nothing any more."""

    @property
    def xds_socket(self) -> Path:
        """Where Envoys find the relay."""
        return self.home.sockets / "relay.sock"

    def admin_socket(self, proxy_id: str) -> Path:
        """Where the admin interface of a proxy is; ids may be too long for a socket's path."""
        return self.home.sockets / f"{blake2b(proxy_id.encode(), digest_size=6).hexdigest()}.admin"

    def directory(self, proxy_id: str) -> Path:
        """State of a proxy."""
        return self.home.agent / "proxies" / proxy_id


class Proxy:
    """One proxy."""

    def __init__(self, record: ProxyRecord, around: Surroundings) -> None:
        self.record = record
        self._around = around
        directory = around.directory(record.id)
        self.files = CertificateFiles(around.clock, self._files_changed)
        self.supply = Supply(self._node(), LastGood(directory / "last-good.db"), around.clock, self.files)
        self.certificate = Certificate(record.identity, directory, around.sign, around.clock)
        self.envoy = Envoy(self._launch(), directory, around.home, around.changed)
        self._reconnect = asyncio.Event()
        around.relay.add(record.id, self.supply)

    def adopt(self) -> bool:
        """Go on with what a predecessor left; True if its Envoy still runs."""
        self.certificate.load()
        if self.certificate.material is not None:
            self.supply.keys(self.certificate.material)
        return self.envoy.adopt()

    def save(self) -> None:
        """Note down what it is, for whoever adopts it; a full disk costs the adoption, not the service."""
        directory = self._around.directory(self.record.id)
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(directory / "record.json", encode(self.record), durable=False)
        except OSError as error:
            log.error("proxy %s could not be noted down: %s", self.record.id, error)

    def describe(self, record: ProxyRecord) -> None:
        """Something about the proxy changed that needs no other Envoy; the plane is told."""
        if record != self.record:
            self.record = record
            self.save()
            self.supply.describe(self._node())
            self._reconnect.set()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with it, a sentence each."""
        certificate = (self.certificate.complaint,) if self.certificate.complaint else ()
        envoy = (f"{self.record.id}: {self.envoy.message}",) if self.envoy.message else ()
        return (*certificate, *envoy, *self.files.complaints)

    async def run(self) -> None:
        """Keep everything of it going until cancelled. Its Envoy lives on."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.certificate.run(self._renewed, self._around.changed))
            tasks.create_task(self._follow())
            tasks.create_task(self.envoy.run())
            tasks.create_task(self.files.run())

    async def serving(self) -> None:
        """Wait until it serves.

        Raises:
            ProxyFailed: it does not within the deadline.
        """
        try:
            async with asyncio.timeout(START_DEADLINE):
                await self.envoy.serving()
        except TimeoutError as error:
            reasons = [*self.complaints, self.supply.complaint, *self.supply.refused.values()]
            reason = next(filter(None, reasons), "it has not been given its configuration yet")
            raise ProxyFailed(f"the proxy did not serve within {START_DEADLINE:g} s: {reason}") from error

    async def stop(self) -> None:
        """End its Envoy and forget it."""
        await self.envoy.stop()
        self._around.relay.remove(self.record.id)
        self.supply.close()
        shutil.rmtree(self._around.directory(self.record.id), ignore_errors=True)

    async def _follow(self) -> None:
        await self.certificate.valid()
        upstream = self._around.plane.upstream(self._newest)
        while True:
            self._reconnect.clear()
            async with asyncio.TaskGroup() as tasks:
                follower = tasks.create_task(self.supply.run(upstream))
                await self._reconnect.wait()
                follower.cancel()

    def _newest(self) -> Material:
        assert self.certificate.material is not None
        return self.certificate.material

    def _renewed(self, material: Material) -> None:
        self.supply.keys(material)

    def _files_changed(self) -> None:
        self.supply.files_changed()
        self._around.changed()

    def _node(self) -> Node:
        record = self.record
        metadata: dict[str, object] = {
            "role": record.role,
            "host": record.host,
            "admin": f"unix:{self._around.admin_socket(record.id)}",
        }
        if record.instance is not None:
            metadata["instance"] = to_plain(record.instance)
        return Node(record.id, record.service, metadata)

    def _launch(self) -> Launch:
        record, around = self.record, self._around
        admin = around.admin_socket(record.id)
        start = bootstrap(
            self._node(),
            xds_socket=str(around.xds_socket),
            admin_socket=str(admin),
            consultant_socket=str(around.home.consultant_socket) if record.role == "gateway" else "",
        )
        return Launch(
            id=record.id,
            bootstrap=start,
            admin=admin,
            concurrency=record.concurrency,
            environment=dict(record.environment),
        )


class Proxies:
    """All of them. `run` owns their tasks."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._proxies: dict[str, Proxy] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None

    def adopt(self) -> None:
        """Find what a predecessor left, before anything is served. Needs no plane."""
        for directory in sorted((self._around.home.agent / "proxies").glob("*/")):
            try:
                record = decode(ProxyRecord, (directory / "record.json").read_bytes())
            except (OSError, Undecodable) as error:
                log.warning("the proxy in %s cannot be adopted: %s", directory.name, error)
                continue
            proxy = self._proxies[record.id] = Proxy(record, self._around)
            proxy.adopt()

    @property
    def ids(self) -> frozenset[str]:
        """Every proxy that is kept going."""
        return frozenset(self._proxies)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with any of them."""
        return tuple(complaint for proxy in self._proxies.values() for complaint in proxy.complaints)

    @property
    def troubles(self) -> dict[str, str]:
        """Of proxies whose Envoy ended before: why it does not serve, in a sentence; empty if it serves again."""
        return {name: proxy.envoy.trouble for name, proxy in self._proxies.items() if proxy.envoy.restarts}

    async def run(self) -> None:
        """Keep all of them going until cancelled. Their Envoys live on."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for proxy in self._proxies.values():
                self._keep(proxy)
            await asyncio.Event().wait()

    async def start(self, record: ProxyRecord) -> None:
        """Start a proxy or go on with the one that runs; return when it serves.

        Raises:
            ProxyFailed: it does not.
        """
        proxy = self._proxies.get(record.id)
        if proxy is not None and not _is_same_process(proxy.record, record):
            await self.stop(record.id)
            proxy = None
        if proxy is None:
            proxy = self._proxies[record.id] = Proxy(record, self._around)
            proxy.save()
            self._keep(proxy)
        else:
            proxy.describe(record)
        await proxy.serving()

    async def drain(self, proxy_id: str, deadline: float) -> None:
        """Send its clients elsewhere and wait until nothing is in flight, at most `deadline` seconds."""
        proxy = self._proxies.get(proxy_id)
        if proxy is not None:
            await proxy.envoy.drain(deadline)

    async def stop(self, proxy_id: str) -> None:
        """End a proxy, if there is one, and forget its state."""
        proxy = self._proxies.pop(proxy_id, None)
        task = self._tasks.pop(proxy_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        if proxy is not None:
            await proxy.stop()

    def _keep(self, proxy: Proxy) -> None:
        assert self._group is not None, "the proxies are not run"
        self._tasks[proxy.record.id] = self._group.create_task(_again(proxy.record.id, proxy.run))


def _is_same_process(old: ProxyRecord, new: ProxyRecord) -> bool:
    """Whether an Envoy that runs for one is good for the other."""
    same = replace(old, instance=new.instance)
    if new.role == "sidecar":
        # Other threads and variables can wait for the next instance; a connection that is cut cannot be mended.
        same = replace(same, concurrency=new.concurrency, environment=new.environment)
    return same == new


async def _again(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run until it ends in order; a bug in the care of one proxy must not end that of the others."""
    while True:
        try:
            return await run()
        except* Exception:
            log.exception("proxy %s: its supervision failed and starts again", name)
        await asyncio.sleep(1.0)
