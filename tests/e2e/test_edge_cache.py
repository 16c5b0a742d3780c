"""Why there is no cache at the edge: what Envoy's caches do. Once one fails, decision 24 may be thought over.

They are about Envoy and not about us, and wait for accidents: `TULLE_CACHES=1` runs them.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import formatdate
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.machine import eventually
from tests.envoy.kitchen import free_port
from tulle.agent.binary import envoy_binary

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(120),
    pytest.mark.skipif("TULLE_CACHES" not in os.environ, reason="TULLE_CACHES does not ask for it"),
]

TYPE = "type.googleapis.com/envoy.extensions"
FIRST, SECOND = "cache", "cache_v2"
CONFIGS = {
    FIRST: ("cache.v3.CacheConfig", "FileSystemHttpCacheConfig"),
    SECOND: ("cache_v2.v3.CacheV2Config", "FileSystemHttpCacheV2Config"),
}
LARGE = 20_000_000


class Service:
    """Answers that may be kept. Each byte of `/large` says which one it is of; `/halves` takes a pause."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cuts = False
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._socket.accept()[0],), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as file:
            while line := file.readline():
                head = line.decode()
                while (line := file.readline()) != b"\r\n":
                    head += line.decode()
                self.asked.append(head)
                if not self._answer(connection, head.split(" ")[1]):
                    return

    def _answer(self, connection: socket.socket, path: str) -> bool:
        number, date = len(self.asked), formatdate(usegmt=True)
        head = f"HTTP/1.1 200 OK\r\ndate: {date}\r\nx-number: {number}\r\ncache-control: max-age="
        if path == "/large":
            size = LARGE + number
            connection.sendall(f"{head}2\r\ncontent-length: {size}\r\n\r\n".encode() + bytes([64 + number]) * size)
            return True
        if path == "/slow":
            time.sleep(1)
        half = b"3e8\r\n" + bytes(1000) + b"\r\n"
        connection.sendall(f"{head}60\r\ntransfer-encoding: chunked\r\n\r\n".encode() + half)
        if path.startswith("/halves"):
            time.sleep(0.02)
        if not self.cuts:
            connection.sendall(half + b"0\r\n\r\n")
        return not self.cuts


@pytest.fixture
def service() -> Iterator[Service]:
    with closing(Service()) as found:
        yield found


class Proxy:
    """An Envoy that keeps answers, by a filter within a chain of the route as all steps are."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def get(self, path: str) -> bytes:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            return answer.read()

    def killed_by(self, path: str, clients: int, paths: int) -> int | None:
        """Clients that ask again and again, of which some leave early, until nobody serves them; the signal, if any."""
        end = time.monotonic() + 60

        def ask() -> None:
            while self.process.poll() is None and time.monotonic() < end:
                with suppress(OSError, ValueError), socket.create_connection(("127.0.0.1", self.port)) as connection:
                    connection.sendall(f"GET {path}{random.randrange(paths)} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
                    connection.settimeout(random.random() * 0.1)
                    while connection.recv(10_000):
                        pass

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        code = self.process.poll()
        return None if code is None else -code


@contextmanager
def keeping(kind: str, service: Service, directory: Path) -> Iterator[Proxy]:
    """Envoy with the one or the other cache, and a filter behind it that adds a header."""
    kept = directory / "kept"
    kept.mkdir()
    (filter_type, store), port = CONFIGS[kind], free_port()
    storing = {
        "@type": f"{TYPE}.http.{kind}.file_system_http_cache.v3.{store}",
        "manager_config": {"thread_pool": {"thread_count": 1}},
        "cache_path": str(kept),
    }
    header = {"header": {"key": "x-behind", "value": "yes"}}
    chain = [
        {"name": "cache", "typed_config": {"@type": f"{TYPE}.filters.http.{filter_type}", "typed_config": storing}},
        {
            "name": "behind",
            "typed_config": {
                "@type": f"{TYPE}.filters.http.header_mutation.v3.HeaderMutation",
                "mutations": {"request_mutations": [{"append": header}]},
            },
        },
    ]
    (directory / "envoy.json").write_text(json.dumps(_envoy(port, service.port, chain)))
    command = [str(envoy_binary()), "-c", f"{directory}/envoy.json", "--disable-hot-restart", "--concurrency", "1"]
    with (directory / "envoy.log").open("wb") as log:
        process = subprocess.Popen([*command, "-l", "critical"], stdout=log, stderr=log)
    try:
        eventually(lambda: _listens(port), what="Envoy listens")
        yield Proxy(port, process)
    finally:
        process.kill()
        process.wait()


def _envoy(port: int, upstream: int, chain: list[dict[str, Any]]) -> dict[str, Any]:
    chains = f"{TYPE}.filters.http.filter_chain.v3.FilterChainConfig"
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "service", "timeout": "0.3s"},
        "typed_per_filter_config": {
            "chain": {"@type": f"{chains}PerRoute", "filter_chain": {"filters": chain}},
        },
    }
    manager = {
        "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "x",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "chain", "disabled": True, "typed_config": {"@type": chains}},
            {"name": "router", "typed_config": {"@type": f"{TYPE}.filters.http.router.v3.Router"}},
        ],
    }
    listener = {"name": "web", "address": _address(port), "filter_chains": [{"filters": [_named(manager)]}]}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(upstream)}}]}]
    cluster = {"name": "service", "load_assignment": {"cluster_name": "service", "endpoints": endpoints}}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port)):
        return True


def _named(manager: dict[str, Any]) -> dict[str, Any]:
    return {"name": "http", "typed_config": manager}


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


@pytest.mark.parametrize("kind", [FIRST, SECOND])
def test_who_reads_slowly_gets_something_else(service: Service, tmp_path: Path, kind: str) -> None:
    with keeping(kind, service, tmp_path) as proxy:
        eventually(lambda: _is_kept(proxy, service), what="an answer that is kept")
        number = len(service.asked)
        with socket.create_connection(("127.0.0.1", proxy.port)) as slow:
            slow.sendall(b"GET /large HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\n\r\n" % proxy.port)
            found = slow.recv(1000)
            # Somebody else asks once the answer is too old, before all of it was read.
            eventually(lambda: proxy.get("/large") and len(service.asked) > number)
            while more := slow.recv(1_000_000):
                found += more
    head, _, body = found.partition(b"\r\n\r\n")
    assert f"x-number: {number}\r\n".encode() in head and f"content-length: {LARGE + number}".encode() in head
    assert body[0] == 64 + number
    if kind == FIRST:  # It breaks off.
        assert len(body) < LARGE
    else:  # It ends as the next answer, with more bytes than were announced.
        assert body[-1] == 65 + number and len(body) == LARGE + number + 1


def _is_kept(proxy: Proxy, service: Service) -> bool:
    before = len(service.asked)
    return bool(proxy.get("/large")) and len(service.asked) == before


@pytest.mark.parametrize(("kind", "cuts", "paths"), [(FIRST, False, 10**9), (SECOND, True, 3)])
def test_both_die(service: Service, tmp_path: Path, kind: str, cuts: bool, paths: int) -> None:
    """The first one by clients that leave, the second one by a service that does not end its answers."""
    service.cuts = cuts
    with keeping(kind, service, tmp_path) as proxy:
        assert proxy.killed_by("/halves", clients=8, paths=paths) == 11


@pytest.mark.parametrize("kind", [FIRST, SECOND])
def test_both_leave_out_everything_behind_them(service: Service, tmp_path: Path, kind: str) -> None:
    with keeping(kind, service, tmp_path) as proxy:
        assert proxy.get("/") and "x-behind" not in service.asked[-1]
        # Not even the time limit of the route holds.
        began = time.monotonic()
        assert proxy.get("/slow") and time.monotonic() - began > 0.9
