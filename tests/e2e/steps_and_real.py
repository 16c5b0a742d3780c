"""Routers with middlewares on a real Traefik, and the same as steps of a real Envoy, and what both answer.

Both read one file. Which router a request is for, its header `x-router` says.
"""

from __future__ import annotations

import http.client
import json
import socket
import socketserver
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.applications import Server, served
from tests.e2e.machine import eventually
from tests.e2e.mini import Plane, running
from tests.e2e.traefik.ports import unused_port
from tulle.flow import offline
from tulle.identity.authority import Authority

Middlewares = Mapping[str, Mapping[str, Any]]
Chains = Mapping[str, Sequence[str]]
"""Routers, and their middlewares by name."""
UNTOLD = {"date", "connection", "transfer-encoding", "content-length"}
"""Headers of answers that nobody compares."""
UNSEEN = {"connection", "content-length"}
"""The same of requests: Envoy tells servers that OPTIONS and DELETE have no body, Go does not."""
WAITING = 5.0


@dataclass(frozen=True)
class Call:
    """A request, byte for byte."""

    router: str
    path: str
    method: str = "GET"
    host: str = "a.test"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {self.host}", f"x-router: {self.router}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join((*lines, "Accept-Encoding: identity", "", "")).encode("latin-1")


@dataclass(frozen=True)
class Reply:
    """What a client got; of a service that was reached, what it saw instead of a body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    seen: dict[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class Both:
    """Where the two listen."""

    real: int
    ours: int
    log: Path
    """What Envoy says."""

    def ours_answers(self, call: Call) -> int:
        """The status of ours."""
        return asked(self.ours, call).status

    def said(self) -> str:
        """By Envoy, so far."""
        return self.log.read_text()

    def replies(self, call: Call) -> tuple[Reply, Reply]:
        """First that of the real one."""
        return asked(self.real, call), asked(self.ours, call)

    def differences(self, calls: Sequence[Call]) -> list[str]:
        """Every call with different answers, for people."""
        found = []
        for call in calls:
            real, ours = self.replies(call)
            if real != ours:
                found.append(f"{call}\n  real: {real}\n  ours: {ours}")
        return found


class Telling(socketserver.StreamRequestHandler):
    """Tells what it was asked, byte for byte."""

    def handle(self) -> None:
        while line := self.rfile.readline(1 << 20).decode("latin-1").strip():
            method, _, rest = line.partition(" ")
            path = rest.rpartition(" ")[0]
            headers = []
            while text := self.rfile.readline(1 << 20).decode("latin-1").strip():
                name, _, value = text.partition(":")
                headers.append((name.lower(), value.strip()))
            length = int(dict(headers).get("content-length", "0"))
            told = {"method": method, "path": path, "headers": headers, "body": self.rfile.read(length).decode()}
            body = b"" if method == "HEAD" else json.dumps(told).encode()
            head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-service: yes\r\nvary: Accept\r\n"
            self.wfile.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)


def asked(port: int, call: Call) -> Reply:
    """What comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAITING) as connection:
        connection.sendall(call.content)
        response = http.client.HTTPResponse(connection, method=call.method)
        response.begin()
        body = response.read().decode("latin-1")
        pairs = [(name.lower(), value) for name, value in response.getheaders()]
    told = tuple(sorted((name, value) for name, value in pairs if name not in UNTOLD))
    if ("x-service", "yes") not in told or not body:
        return Reply(response.status, told, body)
    seen = json.loads(body)
    seen["headers"] = sorted(pair for pair in map(tuple, seen["headers"]) if pair[0] not in UNSEEN)
    return Reply(response.status, told, "", seen)


@contextmanager
def both(
    directory: Path, middlewares: Middlewares, chains: Chains, entry: Mapping[str, Any] | None = None
) -> Iterator[Both]:
    """Until the end of the block; `entry` is what the entry point says beside its address."""
    with ExitStack() as stack:
        service = stack.enter_context(served(Server(("127.0.0.1", 0), Telling)))
        dynamic = _dynamic(middlewares, chains, f"http://127.0.0.1:{service}")
        real, ours = unused_port(), unused_port()
        for name, port in (("real", real), ("ours", ours)):
            (directory / name).mkdir()
            (directory / name / "dynamic.yaml").write_text(dynamic)
            (directory / name / "traefik.yaml").write_text(_static(directory / name, port, dict(entry or {})))
        found = Both(real, ours, directory / "ours" / "gateway-here.log")
        stack.enter_context(_real(directory / "real"))
        stack.enter_context(_ours(directory / "ours"))
        some = "ready"
        for port in (real, ours):
            eventually(lambda port=port: asked(port, Call(some, "/")).status != 404, what=f"port {port} has routers")  # type: ignore[misc]
        yield found


def _dynamic(middlewares: Middlewares, chains: Chains, url: str) -> str:
    routers = {
        name: {"rule": f"Header(`x-router`, `{name}`)", "service": "told", "middlewares": list(each)}
        for name, each in {**chains, "ready": ()}.items()
    }
    services = {"told": {"loadBalancer": {"servers": [{"url": url}]}}}
    content = {"http": {"routers": routers, "middlewares": dict(middlewares), "services": services}}
    return yaml.safe_dump(content, width=1 << 20)


def _static(directory: Path, port: int, entry: dict[str, Any]) -> str:
    content = {
        "entryPoints": {"web": {"address": f"127.0.0.1:{port}", **entry}},
        "providers": {"file": {"filename": str(directory / "dynamic.yaml"), "watch": False}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    return yaml.safe_dump(content)


@contextmanager
def _real(directory: Path) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name("traefik")), f"--configFile={directory}/traefik.yaml"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait()


@contextmanager
def ours_alone(directory: Path, middlewares: Middlewares, chains: Chains) -> Iterator[tuple[int, Plane]]:
    """The port of ours without a service, and who gave it its configuration."""
    port = unused_port()
    (directory / "dynamic.yaml").write_text(_dynamic(middlewares, chains, "http://127.0.0.1:1"))
    (directory / "traefik.yaml").write_text(_static(directory, port, {}))
    with _ours(directory) as plane:
        eventually(lambda: asked(port, Call("ready", "/")).status != 404 or plane.refusals)
        yield port, plane


@contextmanager
def _ours(directory: Path) -> Iterator[Plane]:
    mesh, findings = offline.checked([directory / "traefik.yaml"])
    wrong = [each for each in findings if each.is_error]
    assert not wrong, wrong
    authority = Authority.open(directory / "ca", trust_domain=mesh.settings.trust_domain)
    plane = Plane(mesh, (), authority)
    with running(plane, ("gateway-here",), directory):
        yield plane
