"""What tests of commands share: a home of their own, and the program as a function."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tulle.cli import running
from tulle.cli.main import run
from tulle.cli.running import Record
from tulle.kit.home import Home
from tulle.kit.processes import myself


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty home, and a working folder beside it."""
    for name in ("TULLE_API_ADDRESS", "TULLE_XDS_ADDRESS", "TULLE_TOKEN", "TULLE_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TULLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    home = Home.from_environment()
    yield home
    shutil.rmtree(home.sockets, ignore_errors=True)  # it may be outside of the home, for the sake of a short path


@pytest.fixture
def tulle(home: Home, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run a command in this process."""

    def call(*arguments: str) -> Done:
        capfd.readouterr()
        code = run(arguments)
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return call


@pytest.fixture
def lifeline() -> Iterator[int]:
    """The lifeline of a part that was released already."""
    lifeline, held = os.pipe()
    os.write(held, b"\n")
    yield lifeline
    os.close(held)
    os.close(lifeline)


class Server:
    """Answers what it is told, and remembers what it was asked."""

    def says(self, value: object, status: int = 200) -> None:
        """Answer this from now on."""
        self.body, self.status = json.dumps(value).encode(), status

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.status, self.body = 200, b"{}"
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                server.asked.append((self.command, self.path, self.headers["authorization"], body))
                self.send_response(server.status)
                self.send_header("content-length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.thread.start()
    yield server
    server.http.shutdown()
    server.thread.join()
    server.http.server_close()


@pytest.fixture
def plane(home: Home, server: Server) -> Server:
    """A control plane of this home that answers what it is told."""
    home.create()
    (home.plane / "token").write_text("secret")
    record = Record(launcher=myself(), run="", is_detached=True, files=(), api=server.address, xds="127.0.0.1:1")
    running.write(home, record)
    return server


@pytest.fixture
def status() -> dict[str, Any]:
    """The state of a small mesh that is not ready."""
    origin = {"source": "file", "file": "shop.yaml", "line": 4, "subject": "service web"}
    instance = {"id": "web-1", "service": "web.default", "workload": "web.default", "version": "", "host": "here"}
    return {
        "version": "tulle/v1",
        "ready": False,
        "services": [
            {"name": "web", "namespace": "default", "endpoints": 1, "healthy": 1, "replicas": 2, "origin": origin},
            {"name": "old", "namespace": "team", "endpoints": 3, "healthy": 3, "replicas": None, "origin": origin},
        ],
        "proxies": [
            {
                "id": "gateway-here",
                "role": "gateway",
                "service": "gateway.tulle-system",
                "host": "here",
                "synced": True,
            },
            {"id": "web-1", "role": "sidecar", "service": "web.default", "host": "here", "synced": False},
        ],
        "instances": [
            {**instance, "state": "ready", "message": "", "restarts": 0},
            {**instance, "id": "web-2", "state": "starting", "message": "does not listen yet", "restarts": 0},
        ],
        "gateway": [{"listener": "http", "protocol": "http", "url": "http://127.0.0.1:8080", "hosts": ["*"]}],
        "findings": [{"severity": "warning", "message": "is slow", "origin": origin}],
    }
