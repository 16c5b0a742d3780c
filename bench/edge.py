"""What a request costs at the edge: Tulle's gateway, a minimal Envoy written by hand, and Traefik."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import mesh, servers
from bench.certificates import Authority, Pair
from bench.load import PROXY_CORE, Cost, cost, cpu_seconds, h2load, pin, resident_megabytes, wrk
from bench.servers import free_port
from bench.table import Budget, Result, Row, median

SECONDS, ROUNDS = 3, 3
HOST = "bench.test"


@dataclass(frozen=True, slots=True)
class Peer:
    """One proxy that is ready to be loaded."""

    name: str
    process: psutil.Process
    http: int
    https: int


Starter = Callable[[Path, int, Pair, int], Iterator[Peer]]


def measure() -> Result:
    """HTTP/1.1 and HTTP/2 over TLS with one host, HTTP/1.1 with a thousand."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        directory = Path(folder)
        certificate = Authority(directory).server(HOST)
        with servers.upstream(directory) as upstream:
            one = _compare(directory / "one", upstream, certificate, hosts=1)
            many = _compare(directory / "many", upstream, certificate, hosts=1000)
    rows = [
        _row("HTTP/1.1, 64 connections", one, "http"),
        _row("HTTP/2 over TLS, 16 × 16 streams", one, "https"),
        _row("HTTP/1.1, 64 connections, 1,000 hosts", many, "http"),
        Row("memory, MB", one["memory"]),
        Row("memory, MB, 1,000 hosts", many["memory"]),
    ]
    return Result("edge", "At the edge, CPU µs a request", rows, _budgets(one, many), (NOTE,))


NOTE = (
    f"One core for the proxy, one for the load generator and the server behind (100 bytes); medians of {ROUNDS} "
    f"interleaved rounds of {SECONDS} s; CPU is user and system time of the proxy."
)


def _compare(directory: Path, upstream: int, certificate: Pair, hosts: int) -> dict[str, dict[str, float]]:
    """Figures by case and peer."""
    with ExitStack() as stack:
        peers = []
        for name, start in (("tulle", tulle), ("envoy", minimal_envoy), ("traefik", traefik)):
            folder = directory / name
            folder.mkdir(parents=True)
            peers.append(stack.enter_context(start(folder, upstream, certificate, hosts)))
        costs: dict[str, dict[str, list[Cost]]] = {
            case: {peer.name: [] for peer in peers} for case in ("http", "https")
        }
        for _ in range(ROUNDS):
            for peer in peers:
                costs["http"][peer.name].append(_http(peer, hosts))
                if hosts == 1:
                    costs["https"][peer.name].append(_https(peer))
        medians = {
            case: {name: median([one.cpu for one in found]) for name, found in by_peer.items() if found}
            for case, by_peer in costs.items()
        }
        return {**medians, "memory": {peer.name: resident_megabytes(peer.process) for peer in peers}}


def _http(peer: Peer, hosts: int) -> Cost:
    before = cpu_seconds([peer.process])
    load = wrk(f"http://127.0.0.1:{peer.http}/", seconds=SECONDS, headers=[f"Host: {host_name(hosts // 2)}"])
    return _checked(peer, cost([peer.process], load, before))


def _https(peer: Peer) -> Cost:
    before = cpu_seconds([peer.process])
    load = h2load(f"https://127.0.0.1:{peer.https}/", seconds=SECONDS, headers=[f":authority: {host_name(0)}"])
    return _checked(peer, cost([peer.process], load, before))


def _checked(peer: Peer, found: Cost) -> Cost:
    if found.load.failed or not found.load.requests:
        raise RuntimeError(f"{peer.name}: {found.load.failed} of {found.load.requests} requests failed")
    return found


def _row(case: str, figures: dict[str, dict[str, float]], key: str) -> Row:
    tulle_cpu, envoy, traefik_cpu = (figures[key][name] for name in ("tulle", "envoy", "traefik"))
    ratios = {"÷ envoy": tulle_cpu / envoy, "÷ traefik": tulle_cpu / traefik_cpu}
    return Row(case, {**ratios, "tulle": tulle_cpu, "envoy": envoy, "traefik": traefik_cpu})


def _budgets(one: dict[str, dict[str, float]], many: dict[str, dict[str, float]]) -> list[Budget]:
    plain, secure, crowd = one["http"], one["https"], many["http"]
    return [
        Budget("plain route, CPU ÷ minimal Envoy", plain["tulle"] / plain["envoy"], 1.05),
        Budget("HTTP/1.1, CPU ÷ Traefik", plain["tulle"] / plain["traefik"], 0.65),
        Budget("HTTP/2, CPU ÷ Traefik", secure["tulle"] / secure["traefik"], 0.35),
        Budget("1,000 hosts, CPU ÷ one host", crowd["tulle"] / plain["tulle"], 1.15),
    ]


def host_name(number: int) -> str:
    """Name of the host with this number."""
    return f"host{number}.{HOST}"


@contextmanager
def tulle(directory: Path, upstream: int, certificate: Pair, hosts: int) -> Iterator[Peer]:
    """The gateway of a mesh whose only service runs elsewhere."""
    http, https = free_port(), free_port()
    routes = "\n".join(f"  - {{name: r{number}, host: {host_name(number)}, to: server}}" for number in range(hosts))
    text = f"""
mesh: {{gateway_threads: 1}}
services:
  server: {{port: 80, addresses: "127.0.0.1:{upstream}"}}
gateway:
  listeners:
    http: {{port: {http}}}
    https: {{port: {https}, tls: {{certificate: {certificate.certificate}, key: {certificate.key}}}}}
routes:
{routes}
"""
    with mesh.up(directory, text) as running:
        process = running.proxy("gateway")
        pin(process, PROXY_CORE)
        yield Peer("tulle", process, http, https)


@contextmanager
def minimal_envoy(directory: Path, upstream: int, certificate: Pair, hosts: int) -> Iterator[Peer]:
    """What somebody writes who wants a reverse proxy and nothing else."""
    http, https = free_port(), free_port()
    virtual_hosts = [
        {
            "name": host_name(number),
            "domains": [host_name(number)],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "server"}}],
        }
        for number in range(hosts)
    ]
    manager = {
        "stat_prefix": "edge",
        "route_config": {"name": "edge", "virtual_hosts": virtual_hosts},
        "http_filters": [servers.ROUTER],
    }
    files = {
        "certificate_chain": {"filename": str(certificate.certificate)},
        "private_key": {"filename": str(certificate.key)},
    }
    tls = {"common_tls_context": {"tls_certificates": [files], "alpn_protocols": ["h2", "http/1.1"]}}
    config = {
        "static_resources": {
            "listeners": [servers.listener("http", http, manager), servers.listener("https", https, manager, tls=tls)],
            "clusters": [servers.cluster("server", upstream)],
        }
    }
    with servers.envoy(config, http, directory, core=PROXY_CORE) as process:
        yield Peer("envoy", process, http, https)


@contextmanager
def traefik(directory: Path, upstream: int, certificate: Pair, hosts: int) -> Iterator[Peer]:
    """Traefik with its file provider and nothing else switched on."""
    http, https = free_port(), free_port()
    routers = "".join(
        f'    r{number}: {{rule: "Host(`{host_name(number)}`)", service: s, entryPoints: [http]}}\n'
        f'    t{number}: {{rule: "Host(`{host_name(number)}`)", service: s, entryPoints: [https], tls: {{}}}}\n'
        for number in range(hosts)
    )
    (directory / "dynamic.yaml").write_text(
        f"http:\n  routers:\n{routers}  services:\n"
        f'    s: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{upstream}"}}]}}}}\n'
        f"tls:\n  certificates:\n    - {{certFile: {certificate.certificate}, keyFile: {certificate.key}}}\n"
    )
    (directory / "traefik.yaml").write_text(
        f"entryPoints:\n  http: {{address: '127.0.0.1:{http}'}}\n  https: {{address: '127.0.0.1:{https}'}}\n"
        f"providers: {{file: {{filename: {directory}/dynamic.yaml, watch: false}}}}\n"
        "global: {checkNewVersion: false, sendAnonymousUsage: false}\nlog: {level: ERROR}\n"
    )
    binary = Path(sys.executable).with_name("traefik")
    arguments = [str(binary), f"--configFile={directory}/traefik.yaml"]
    environment = {"GOMAXPROCS": "1"}
    with servers.running(arguments, http, directory, core=PROXY_CORE, environment=environment) as process:
        yield Peer("traefik", process, http, https)
