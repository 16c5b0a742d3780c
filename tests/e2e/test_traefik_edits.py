"""Files of Traefik are edited while requests are on their way, at ours and at the real one."""

from __future__ import annotations

import re
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.applications import http_application
from tests.e2e.machine import eventually, request
from tests.e2e.traefik.gateways import Gateway, RealTraefik, Tulle
from tests.e2e.traefik.ports import unused_port
from tests.e2e.traffic import Client, Traffic, traffic
from tests.envoy.pki import Pki

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

EDITS = 100
HOST = "shop.test"
VERSION = "x-version"
BATCH, RATE = 200, 100


@dataclass(eq=False)
class Http2(Client):
    """Clients of HTTP/2 over TLS, some streams on each connection."""

    def _run(self) -> None:
        command = ["h2load", f"-n{BATCH}", "-c2", "-m4", "-t1", f"--rps={RATE // 2}", "-H", f":authority: {self.host}"]
        while not self._ended.is_set():
            done = subprocess.run([*command, self.address], capture_output=True, text=True, timeout=60, check=False)
            fine = re.search(r"status codes: (\d+) 2xx", done.stdout)
            failed = BATCH - int(fine[1] if fine else 0)
            if failed:
                self.failures[done.stdout] += failed
            self.sent += BATCH


@dataclass
class Edited:
    """A gateway with files in a folder of its own, and clients that never stop."""

    gateway: Gateway
    file: Path
    ports: dict[str, int]
    traffic: Traffic
    points: set[str] = field(default_factory=lambda: {"web", "secure"})

    def write_static(self, dynamic: Path) -> None:
        """What there is once."""
        points = {name: {"address": f"127.0.0.1:{self.ports[name]}"} for name in sorted(self.points)}
        provided = {"providersThrottleDuration": "10ms", "file": {"filename": str(dynamic)}}
        write(self.file, {"entryPoints": points, "providers": provided, "global": {"checkNewVersion": False}})

    def version(self, point: str = "web") -> str:
        """Of the configuration by which a new connection is served."""
        answer = request(f"127.0.0.1:{self.ports[point]}", "/", host=HOST)
        return answer.headers.get(VERSION, "")

    def load(self) -> None:
        """Requests of both versions of HTTP."""
        self.traffic.at_gateway(self.ports["web"], HOST, "/")
        self.traffic.at_gateway(self.ports["web"], HOST, "/part/page")
        self.traffic.add(Http2("HTTP/2", f"https://127.0.0.1:{self.ports['secure']}/part/page", "", HOST))

    def failures(self) -> Counter[str]:
        """What went wrong."""
        return sum(self.traffic.failures().values(), Counter())


def write(path: Path, content: Any) -> None:
    """At once, as editors do."""
    temporary = path.with_suffix(".writing")
    temporary.write_text(yaml.safe_dump(content))
    temporary.replace(path)


class Shop:
    """A dynamic file, and its edits: each changes routers, middlewares and services in turn."""

    def __init__(self, path: Path, servers: list[int], certificate: tuple[Path, Path]) -> None:
        self.path = path
        self._servers = [{"url": f"http://127.0.0.1:{port}"} for port in servers]
        self._certificate = certificate

    def edit(self, number: int) -> None:
        """The file as it is after so many edits."""
        write(self.path, {"http": self._http(number), "tls": {"certificates": [self._pair()]}})

    def _pair(self) -> dict[str, str]:
        chain, key = self._certificate
        return {"certFile": str(chain), "keyFile": str(key)}

    def _http(self, number: int) -> dict[str, Any]:
        steps: dict[str, Any] = {
            "version": {"headers": {"customResponseHeaders": {VERSION: str(number)}}},
            "path": ({"addPrefix": {"prefix": f"/v{number}"}}, {"stripPrefix": {"prefixes": ["/part"]}})[number % 2],
            "rate": {"rateLimit": {"average": 100_000 + number, "burst": 100_000}},
            "pressed": {"compress": {"minResponseBodyBytes": 1 + number}},
        }
        chosen = ["version", *(name for bit, name in enumerate(("path", "rate", "pressed")) if number >> bit & 1)]
        rules = {"all": f"Host(`{HOST}`)", "part": f"Host(`{HOST}`) && PathPrefix(`/part`)"}
        if number % 3 == 0:
            rules["more"] = f"Host(`{HOST}`) && Path(`/part/page`)"
        if number % 5 == 0:
            rules["wide"] = "PathPrefix(`/part/nothing/that/anybody/asks/for`)"
        services = {"plain": self._pool(number % 3), "other": self._pool(number % 2), "shared": self._shared(number)}
        names = list(services)
        routers: dict[str, Any] = {}
        for index, (name, rule) in enumerate(rules.items()):
            router = {"rule": rule, "middlewares": chosen, "service": names[(number + index) % len(names)]}
            routers[name] = {**router, "entryPoints": ["web"]}
            routers[f"{name}-secure"] = {**router, "entryPoints": ["secure"], "tls": {}}
        return {"routers": routers, "middlewares": steps, "services": services}

    def _pool(self, which: int) -> dict[str, Any]:
        servers = (self._servers, self._servers[:1], self._servers[1:])[which]
        return {"loadBalancer": {"servers": servers}}

    def _shared(self, number: int) -> dict[str, Any]:
        weights = {"plain": 1 + number % 4, "other": 1}
        return {"weighted": {"services": [{"name": name, "weight": weight} for name, weight in weights.items()]}}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    chain, key = Pki().issue(HOST)
    files = tmp_path / "shop.crt", tmp_path / "shop.key"
    files[0].write_bytes(chain)
    files[1].write_bytes(key)
    with http_application("one") as one, http_application("two") as two:
        found = Shop(tmp_path / "dynamic.yml", [one, two], files)
        found.edit(0)
        yield found


@contextmanager
def edited(gateway: Gateway, directory: Path, dynamic: Path) -> Iterator[Edited]:
    """A gateway that runs, and is ready to be loaded."""
    folder = directory / gateway.name
    folder.mkdir()
    names = ("web", "secure", "extra", "another")
    with traffic() as clients:
        found = Edited(gateway, folder / "traefik.yml", {name: unused_port() for name in names}, clients)
        found.write_static(dynamic)
        with gateway.running(found.file):
            eventually(lambda: found.version() == "0", what=f"{gateway.name}: {gateway.said(found.file)}")
            yield found
            clients.stop()


def test_no_request_fails_while_the_dynamic_file_changes(
    shop: Shop, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with ExitStack() as stack:
        gateways = [stack.enter_context(edited(each, tmp_path, shop.path)) for each in (Tulle(), RealTraefik())]
        ours, real = gateways
        for each in gateways:
            each.load()
        for number in range(1, EDITS + 1):
            shop.edit(number)
            for each in gateways:
                eventually(partial(is_at, each, number), what=f"edit {number} at {each.gateway.name}")
        ours.traffic.go_on()
        failed, theirs = ours.failures(), real.failures()
        print(f"{EDITS} edits: {ours.traffic.sent} requests to ours, {failed.total()} failed; ", end="")
        print(f"{real.traffic.sent} to the real one, {theirs.total()} failed: {dict(theirs)}")
        record_property("failed at the real one", theirs.total())
        assert ours.traffic.sent > 1000
    assert not failed


def is_at(edited: Edited, number: int) -> bool:
    return edited.version() == str(number)


def test_no_request_fails_while_the_static_file_changes(shop: Shop, tmp_path: Path) -> None:
    """The real one would have to be started again."""
    with edited(Tulle(), tmp_path, shop.path) as ours:
        ours.load()
        for name, other in (("extra", "another"), ("another", "extra"), ("extra", "another")):
            ours.points = {"web", "secure", name}
            ours.write_static(shop.path)
            eventually(partial(is_open, ours.ports[name]), what=f"{name} is open")
            eventually(partial(is_closed, ours.ports[other]), what=f"{other} is closed")
            ours.traffic.go_on()
        assert not ours.failures()


def is_closed(port: int) -> bool:
    return not is_open(port)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
