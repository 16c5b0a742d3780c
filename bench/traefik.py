"""The same files for Tulle and for Traefik: what a request costs, what many routers cost, and what a change costs."""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from bench import mesh, routers, servers
from bench.certificates import Authority, Pair
from bench.load import PROXY_CORE, Load, cost, cpu_seconds, h2load, pin, resident_megabytes, steady, wrk
from bench.routers import Asked, Routers
from bench.servers import free_port, wait_until
from bench.table import Budget, Result, Row, median

SECONDS, ROUNDS = 1, 5
RATE = 1000
CHANGES = 5
LARGEST = int(os.environ.get("BENCH_ROUTERS", "10000"))
OTHER = "y" * len(servers.BODY)
LONG = "All work and no play makes Jack a dull boy. " * 50
TULLE, TRAEFIK = "tulle", "traefik"
CPU, SECURE_CPU, P99 = "HTTP/1.1, CPU µs", "HTTP/2 over TLS, CPU µs", "HTTP/1.1, p99 ms"
MEMORY, ALL_MEMORY = "memory of the proxy, MB", "memory of everything, MB"
Figures = Mapping[str, Mapping[str, float]]
"""By what was measured, and by gateway."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One of the two, with files in a folder of its own."""

    name: str
    folder: Path
    http: int
    https: int
    proxy: psutil.Process
    others: list[psutil.Process] = field(default_factory=list)
    """What it needs beside, to serve requests and to be changed."""

    @property
    def processes(self) -> list[psutil.Process]:
        """All of them."""
        return [self.proxy, *self.others]


def measure() -> Result:
    """Rows for each kind of routers, then a change among as many routers as there can be."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder, ExitStack() as stack:
        directory = Path(folder)
        bodies = {"one": servers.BODY, "two": OTHER, "long": LONG}
        ports = {}
        for name, body in bodies.items():
            (directory / name).mkdir()
            ports[name] = stack.enter_context(servers.upstream(directory / name, body))
        bench = _Bench(directory, (ports["one"], ports["two"]), Authority(directory).server(routers.DOMAIN))
        plain = bench.compared(routers.by_host(1), has_tls=True)
        crowds = {each.title: bench.compared(each) for each in _crowds()}
        long = _Bench(directory / "long", (ports["long"],), bench.certificate)
        chains = {each.title: long.compared(each) for each in map(routers.chained, (routers.SHA, routers.BCRYPT))}
        reloaded = bench.changed(routers.by_host(LARGEST))
    everything = {routers.by_host(1).title: plain, **crowds, **chains, f"one change, {LARGEST:,} routers": reloaded}
    rows = [row for title, found in everything.items() for row in _rows(title, found)]
    budgets = tuple(_budgets(plain, crowds, chains))
    return Result("traefik", "The same files of Traefik, for Tulle and for Traefik", rows, budgets, (NOTE,))


NOTE = (
    f"One core for the proxy, one for the load generator and the server behind; medians of {ROUNDS} interleaved "
    f"rounds of {SECONDS} s. CPU is user and system time of the proxy and of everything that Tulle "
    f"runs beside it; p99 is at {RATE} requests a second. The five middlewares are headers, stripPrefix, rateLimit, "
    f"basicAuth and compress, before an answer of {len(LONG)} bytes. A change gives one router another service: from "
    "the file that is written until the answer comes from there; CPU until a second later; medians of "
    f"{CHANGES}, a few seconds apart."
)


def _crowds() -> tuple[Routers, ...]:
    return (
        routers.by_host(1000),
        routers.by_host(LARGEST),
        routers.by_host_and_path(LARGEST),
        routers.beside_hosts(LARGEST, 10),
        routers.by_path(LARGEST),
    )


@dataclass(slots=True)
class _Bench:
    directory: Path
    upstreams: tuple[int, ...]
    certificate: Pair

    def compared(self, kind: Routers, *, has_tls: bool = False) -> Figures:
        """What requests cost at both, in turns."""
        found: dict[str, dict[str, list[float]]] = {}
        with self._both(kind) as gateways:
            for _ in range(ROUNDS):
                for gateway in gateways:
                    for what, figure in _loaded(gateway, kind.asked, has_tls=has_tls).items():
                        found.setdefault(what, {}).setdefault(gateway.name, []).append(figure)
            medians = {what: {name: median(each) for name, each in by.items()} for what, by in found.items()}
            return {**medians, **_memory(gateways)}

    def changed(self, kind: Routers) -> Figures:
        """What one change costs at both, in turns."""
        found: dict[str, dict[str, list[float]]] = {}
        with self._both(kind) as gateways:
            for number in range(CHANGES):
                for gateway in gateways:
                    moved = kind.count // 2 if number % 2 == 0 else None
                    for what, figure in self._change(gateway, kind, moved).items():
                        found.setdefault(what, {}).setdefault(gateway.name, []).append(figure)
            medians = {what: {name: median(each) for name, each in by.items()} for what, by in found.items()}
            return {**medians, **_memory(gateways)}

    def _change(self, gateway: Gateway, kind: Routers, moved: int | None) -> Mapping[str, float]:
        text = kind.dynamic(self.upstreams, self.certificate, moved)
        time.sleep(2.5)  # Traefik takes no changes for two seconds after one.
        before = cpu_seconds(gateway.processes), cpu_seconds([gateway.proxy])
        began = time.monotonic()
        written = gateway.folder / "dynamic.yml.new"
        written.write_text(text)
        written.replace(gateway.folder / "dynamic.yml")
        expected = servers.BODY if moved is None else OTHER
        wait_until(lambda: _answer(gateway, kind.asked) == expected, "a change", within=60)
        took = time.monotonic() - began
        time.sleep(1)
        everything, proxy = (cpu_seconds(gateway.processes) - before[0], cpu_seconds([gateway.proxy]) - before[1])
        return {"until it is served, s": took, "CPU, s": everything, "CPU of the proxy, s": proxy}

    @contextmanager
    def _both(self, kind: Routers) -> Iterator[list[Gateway]]:
        text = kind.dynamic(self.upstreams, self.certificate)
        with ExitStack() as stack:
            gateways = []
            for start in (tulle, traefik):
                folder = Path(tempfile.mkdtemp(dir=self.directory, prefix=start.__name__))
                (folder / "dynamic.yml").write_text(text)
                gateways.append(stack.enter_context(start(folder)))
            for each in gateways:
                wait_until(partial(_answer, each, kind.asked), f"{each.name} answers", within=120)
            yield gateways


def _answer(gateway: Gateway, asked: Asked) -> str:
    """What comes from behind a gateway; empty if nothing does."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http, timeout=10)
    try:
        connection.request("GET", asked.path, headers={"Host": asked.host, **dict(asked.headers)})
        answer = connection.getresponse()
        text = answer.read()
        return text.decode(errors="replace") if answer.status == 200 else ""
    except OSError:
        return ""
    finally:
        connection.close()


def _loaded(gateway: Gateway, asked: Asked, *, has_tls: bool) -> dict[str, float]:
    """One round of everything."""
    url = f"http://127.0.0.1:{gateway.http}{asked.path}"
    fields = [f"{name}: {value}" for name, value in asked.headers]
    authority = [f":authority: {asked.host}", *fields]
    found = {CPU: _cost(gateway, lambda: wrk(url, seconds=SECONDS, headers=[f"Host: {asked.host}", *fields]))}
    if has_tls:
        secure = f"https://127.0.0.1:{gateway.https}{asked.path}"
        found[SECURE_CPU] = _cost(gateway, lambda: h2load(secure, seconds=SECONDS, headers=authority))
    found[P99] = steady(url, rate=RATE, seconds=SECONDS, headers=authority).p99
    return found


def _cost(gateway: Gateway, load: Callable[[], Load]) -> float:
    """CPU µs of a request."""
    before = cpu_seconds(gateway.processes)
    found = cost(gateway.processes, load(), before)
    if found.load.failed or not found.load.requests:
        raise RuntimeError(f"{gateway.name}: {found.load.failed} of {found.load.requests} requests failed")
    return found.cpu


def _memory(gateways: Iterable[Gateway]) -> Figures:
    proxies = {each.name: resident_megabytes(each.proxy) for each in gateways}
    everything = {each.name: sum(map(resident_megabytes, each.processes)) for each in gateways}
    return {MEMORY: proxies, ALL_MEMORY: everything}


def _rows(title: str, found: Figures) -> Iterator[Row]:
    for what, figures in found.items():
        yield Row(f"{title}: {what}", {"÷ traefik": figures[TULLE] / figures[TRAEFIK], **figures})


def _budgets(plain: Figures, crowds: Mapping[str, Figures], chains: Mapping[str, Figures]) -> Iterator[Budget]:
    yield Budget("HTTP/1.1, CPU ÷ Traefik", _ratio(plain[CPU]), 0.65)
    yield Budget("HTTP/2, CPU ÷ Traefik", _ratio(plain[SECURE_CPU]), 0.35)
    for title, found in crowds.items():
        yield Budget(f"{title}, CPU ÷ one router", found[CPU][TULLE] / plain[CPU][TULLE], 1.2)
    for title, found in chains.items():
        yield Budget(f"{title}, CPU ÷ Traefik", _ratio(found[CPU]), 1.0)


def _ratio(figures: Mapping[str, float]) -> float:
    return figures[TULLE] / figures[TRAEFIK]


@contextmanager
def tulle(folder: Path) -> Iterator[Gateway]:
    """Ours, as it comes, but for one thread."""
    plain, secure = free_port(), free_port()
    file = folder / "traefik.yml"
    file.write_text(routers.static(plain, secure, str(folder / "dynamic.yml")))
    with mesh.up(folder, "mesh: {gateway_threads: 1}\n", file) as running:
        proxy = running.proxy("gateway")
        pin(proxy, PROXY_CORE)
        others = [each for each in running.processes() if each.pid != proxy.pid]
        yield Gateway(TULLE, folder, plain, secure, proxy, others)


@contextmanager
def traefik(folder: Path) -> Iterator[Gateway]:
    """Traefik, as it comes, but for one thread."""
    plain, secure = free_port(), free_port()
    file = folder / "traefik.yml"
    file.write_text(routers.static(plain, secure, str(folder / "dynamic.yml")))
    arguments = [str(Path(sys.executable).with_name("traefik")), f"--configFile={file}"]
    environment = {"GOMAXPROCS": "1"}
    with servers.running(arguments, plain, folder, core=PROXY_CORE, environment=environment) as process:
        yield Gateway(TRAEFIK, folder, plain, secure, process)
