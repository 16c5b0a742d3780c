"""Real Envoys on what the compiler made, without agent and control plane: a delta ADS server on a Unix socket."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tulle.agent import secrets
from tulle.agent.binary import envoy_binary
from tulle.envoy import endpoint_views, naming
from tulle.envoy.bootstrap import bootstrap
from tulle.envoy.compile import compile_endpoints, compile_gateway, compile_sidecar
from tulle.identity.authority import Authority
from tulle.identity.keys import key_pem, new_key, request
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.security import Identity
from tulle.model.services import Endpoint
from tulle.model.workloads import Instance
from tulle.xds.messages import Node
from tulle.xds.server import serving
from tulle.xds.snapshot import CLUSTER, ENDPOINT, SECRET, VIRTUAL_HOST, Resource, Snapshot
from tulle.xds.subscription import Session


@dataclass
class Plane:
    """A control plane in a few lines: a mesh, its instances, and one session per proxy."""

    mesh: Mesh
    instances: tuple[Instance, ...]
    authority: Authority
    files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    secrets: dict[str, dict[str, Resource]] = field(default_factory=dict)
    loop: asyncio.AbstractEventLoop | None = None

    def opened(self, session: Session) -> None:
        self.sessions[session.node_id] = session
        self.secrets[session.node_id] = self._secrets(session.node_id)
        self._publish(session)

    def closed(self, session: Session) -> None:
        del self.sessions[session.node_id]

    def wanted(self, session: Session, type_url: str, names: frozenset[str]) -> None:
        self._publish(session)

    def settled(self, session: Session) -> None:
        pass

    def change(self, mesh: Mesh) -> None:
        """From any thread."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._change, mesh)

    def _change(self, mesh: Mesh) -> None:
        self.mesh = mesh
        for session in self.sessions.values():
            self._publish(session)

    @property
    def refusals(self) -> dict[object, str]:
        return {key: refusal.message for each in self.sessions.values() for key, refusal in each.refused.items()}

    def _publish(self, session: Session) -> None:
        snapshot = self._snapshot(session)
        tables = dict(snapshot.tables)
        tables[SECRET] = {**snapshot.table(SECRET), **self.secrets[session.node_id]}
        tables[ENDPOINT] = {
            each.endpoints_name: self._endpoints(each.endpoints_name)
            for each in snapshot.table(CLUSTER).values()
            if each.endpoints_name
        }
        session.publish(Snapshot(tables))

    def _snapshot(self, session: Session) -> Snapshot:
        instance = next((each for each in self.instances if each.id == session.node_id), None)
        if instance is None:
            return compile_gateway(self.mesh)
        wanted = session.wanted.get(VIRTUAL_HOST, frozenset())
        demand = frozenset(name.partition("/")[2] for name in wanted if "/" in name)
        return compile_sidecar(self.mesh, instance, demand)

    def _endpoints(self, view: str) -> Resource:
        service = self.mesh.services[endpoint_views.parse(view).service]
        places = service.addresses or tuple(
            Endpoint(
                address=binding.address,
                port=binding.port,
                port_name=binding.name,
                labels=instance.labels,
                is_meshed=True,
            )
            for instance in self.instances
            if instance.service == service.name
            for binding in instance.bindings
        )
        return compile_endpoints(service, view, places)

    def _secrets(self, node: str) -> dict[str, Resource]:
        instance = next((each for each in self.instances if each.id == node), None)
        account = Name(instance.service.namespace, instance.account) if instance else Name("tulle-system", "gateway")
        identity = Identity(self.mesh.settings.trust_domain, account.namespace, account.name)
        key = new_key()
        chain = self.authority.sign(request(key), identity, 3600)
        found = [
            secrets.certificate(naming.WORKLOAD_SECRET, chain, key_pem(key)),
            secrets.authorities(naming.TRUST_SECRET, self.authority.bundle.pem),
            secrets.authorities(naming.SYSTEM_CA, self.authority.bundle.pem),
            *(secrets.certificate(name, chain, key) for name, (chain, key) in self.files.items()),
            *(secrets.authorities(name, bundle) for name, bundle in self.bundles.items()),
        ]
        return {each.name: each for each in found}


@contextmanager
def running(plane: Plane, proxies: Iterable[str], directory: Path) -> Iterator[dict[str, Path]]:
    """The plane in a thread of its own and an Envoy for each proxy; yields their admin sockets."""
    stop, ready = threading.Event(), threading.Event()
    with tempfile.TemporaryDirectory(prefix="tulle") as short:
        thread = threading.Thread(target=lambda: asyncio.run(_serve(plane, f"{short}/x", ready, stop)))
        thread.start()
        processes = []
        try:
            assert ready.wait(10)
            admins = {}
            for proxy in proxies:
                admins[proxy] = Path(short) / f"{proxy}.a"
                node, admin = Node(proxy, proxy, {}), str(admins[proxy])
                start = bootstrap(node, xds_socket=f"{short}/x", admin_socket=admin, consultant_socket=f"{short}/c")
                file = directory / f"{proxy}.json"
                file.write_text(json.dumps(start))
                with (directory / f"{proxy}.log").open("wb") as log:
                    processes.append(subprocess.Popen(_command(file), stdout=log, stderr=log))
            yield admins
        finally:
            for process in processes:
                process.kill()
                process.wait()
            stop.set()
            thread.join(10)


def _command(file: Path) -> list[str]:
    return [
        str(envoy_binary()),
        *("--config-path", str(file)),
        *("--concurrency", "1"),
        "--disable-hot-restart",
        *("--log-level", "warning"),
        *("--file-flush-interval-msec", "100"),
    ]


async def _serve(plane: Plane, socket: str, ready: threading.Event, stop: threading.Event) -> None:
    plane.loop = asyncio.get_running_loop()
    async with serving(plane, address=f"unix:{socket}"):
        ready.set()
        await asyncio.to_thread(stop.wait)
