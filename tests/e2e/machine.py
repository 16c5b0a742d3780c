"""A real mesh on this machine, started and ended by the commands that users type."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.envoy.kitchen import free_port
from tulle.cli.client import connect
from tulle.cli.output import Failure
from tulle.kit.home import Home

Value = TypeVar("Value")
REPOSITORY = Path(__file__).resolve().parents[2]
ECHO = f"exec {sys.executable} {Path(__file__).with_name('echo.py')}"
"""Command of a server that tells what it was asked."""
POLYGLOT = f"exec {sys.executable} {Path(__file__).with_name('polyglot.py')}"
"""Command of a server for every protocol, which follows."""


def eventually(condition: Callable[[], Value], *, within: float = 20.0, what: str = "") -> Value:
    """The first true answer of `condition`, asked again until the deadline; errors count as `not yet`."""
    deadline = time.monotonic() + within
    last: BaseException | object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, AssertionError, KeyError, IndexError, http.client.HTTPException, ValueError) as error:
            last = error
        time.sleep(0.02)
    raise AssertionError(f"not within {within:g} s: {what or condition} (last: {last!r})")


@dataclass(frozen=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: dict[str, str]
    content: bytes

    @classmethod
    def of(cls, response: http.client.HTTPResponse) -> Answer:
        """Read all of it."""
        headers = {name.lower(): value for name, value in response.getheaders()}
        return cls(response.status, headers, response.read())

    @property
    def body(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def reason(self) -> str:
        """Why a proxy answered itself."""
        return self.headers.get("x-tulle-reason", "")


@dataclass
class Load:
    """`wrk` in the background."""

    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.communicate()

    def result(self) -> tuple[int, int]:
        """Wait for its end; the number of requests, and of those that failed (socket errors and statuses over 399)."""
        out, _ = self.process.communicate(timeout=120)
        requests = int(re.search(r"(\d+) requests in", out)[1])  # type: ignore[index]
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        return requests, (sum(map(int, errors.groups())) if errors else 0) + (int(failed[1]) if failed else 0)


@dataclass
class Machine:
    """One TULLE_HOME: files to write, commands to run, things to look at."""

    directory: Path
    gateway: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    xds: int = field(default_factory=free_port)
    loads: list[Load] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    """Free ports by the words that ask for them in files: `FREE_WEB`."""
    outbounds: dict[str, str] = field(default_factory=dict)
    """Where sidecars take the calls of workloads, as far as somebody asked."""

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def files(self) -> Path:
        return self.directory / "files"

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return {
            **clean,
            "TULLE_HOME": str(self.home),
            "TULLE_API_ADDRESS": f"127.0.0.1:{self.api}",
            "TULLE_XDS_ADDRESS": f"127.0.0.1:{self.xds}",
            "NO_COLOR": "1",
        }

    def filled(self, text: str) -> str:
        """With what only this machine knows: `GATEWAY` becomes the gateway's port, `FREE_…` another one, `PYTHON` this
        Python, `ECHO` and `POLYGLOT` the programs of these names."""
        text = re.sub(r"FREE_[A-Z0-9]+", lambda word: str(self.free(word[0])), text)
        text = text.replace("GATEWAY", str(self.gateway)).replace("PYTHON", sys.executable)
        return text.replace("ECHO", ECHO).replace("POLYGLOT", POLYGLOT)

    def free(self, word: str) -> int:
        """The same port for the same word."""
        return self.ports.setdefault(word, free_port())

    def write(self, text: str, name: str = "tulle.yaml") -> Path:
        """Write a file of the mesh, filled."""
        self.files.mkdir(exist_ok=True)
        path = self.files / name
        temporary = path.with_suffix(".writing")
        temporary.write_text(self.filled(text))
        temporary.replace(path)
        return path

    def tulle(self, *arguments: str, check: bool = True, within: float = 90) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "tulle", *arguments],
            env=self.environment(),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"tulle {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Run one command in the foreground of its own session; its output is not read."""
        return subprocess.Popen(
            [sys.executable, "-m", "tulle", *arguments],
            env=self.environment(),
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def up(self) -> None:
        """Start in the background, and wait until it is ready."""
        self.tulle("up", "--detach", str(self.files))

    def status(self) -> Any:
        """What `tulle status -o json` says: asked for as it does, without starting it, which costs half a second."""
        try:
            return connect(Home(self.home), f"127.0.0.1:{self.api}").get("/v1/status")
        except Failure:
            return json.loads(self.tulle("status", "-o", "json", check=False).stdout)

    def instances(self, service: str) -> list[Any]:
        """The instances of a service, as reported."""
        return [each for each in self.status()["instances"] if each["service"].startswith(service)]

    def get(
        self, path: str = "/", *, host: str = "localhost", headers: dict[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        """One request to the gateway."""
        return request(f"127.0.0.1:{self.gateway}", path, host=host, headers=headers, method=method)

    def admin(self, proxy: str, path: str) -> str:
        """What Envoy's admin interface answers."""
        found = next(each for each in self.status()["proxies"] if each["id"] == proxy)
        return subprocess.run(
            ["curl", "-s", "--unix-socket", found["admin"].removeprefix("unix:"), f"http://envoy{path}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def load(self, path: str = "/", *, host: str = "localhost", seconds: int = 10, connections: int = 8) -> Load:
        """Load on the gateway, in the background."""
        url = f"http://127.0.0.1:{self.gateway}{path}"
        load = Load(
            subprocess.Popen(
                ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-H", f"Host: {host}", url],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self.loads.append(load)
        return load

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Living processes that were started for this home, with `word` in their command line."""
        found = []
        for process in psutil.process_iter():
            try:
                line = " ".join(process.cmdline())
                mine = str(self.home) in line or process.environ().get("TULLE_HOME") == str(self.home)
                if mine and word in line and process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def kill(self, word: str) -> None:
        """`kill -9` of everything with `word` in its command line; there must be something."""
        victims = self.processes(word)
        assert victims, f"nothing runs with {word!r} in its command line"
        for victim in victims:
            victim.send_signal(signal.SIGKILL)


def request(
    address: str,
    path: str = "/",
    *,
    host: str = "",
    headers: dict[str, str] | None = None,
    method: str = "GET",
    body: str | None = None,
) -> Answer:
    """One HTTP/1.1 request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, body, {"Host": host or address, **(headers or {})})
        return Answer.of(connection.getresponse())
    finally:
        connection.close()
