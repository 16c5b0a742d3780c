"""Static configuration of Traefik: given as flags, changed while it runs; logs and numbers beside the real one's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.e2e.machine import Answer, Machine, eventually, request
from tests.e2e.traefik.gateways import TRAEFIK
from tests.e2e.traefik.ports import unused_port
from tests.e2e.traffic import Client
from tulle.dialects.traefik.flags import from_flags
from tulle.kit.home import Home

pytestmark = pytest.mark.e2e
ASKED: list[tuple[str, str, dict[str, str]]] = [
    ("web", "GET /plain?a=b", {"User-Agent": 'say "hello"', "Referer": "http://before.test/"}),
    ("web", "POST /plain", {}),
    ("web", "GET /strip/inner", {}),
    ("web", "GET /moved", {}),
    ("web", "GET /dead", {}),
    ("web", "GET /quiet", {}),
    ("web", "GET /secret", {}),
    ("proxied", "GET /plain", {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}),
    ("admin", "GET /ping", {}),
]
"""Entry point, method and path, headers; what of it is logged is the same for both."""
LINE = re.compile(r'(\S+(?:, \S+)*) - (\S+) \[[^]]+\] "(.*?)" (\d+) (\d+) "(.*?)" "(.*?)" \d+ "(.*?)" "(.*?)" \d+ms')


class Backend(BaseHTTPRequestHandler):
    """Says hello to everybody."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Place:
    """A folder with a configuration that both can run, each with ports of its own."""

    folder: Path
    backend: int
    ports: dict[str, int]

    def static(self, more: str) -> str:
        web, proxied, admin, other = (self.ports[each] for each in ("web", "proxied", "admin", "other"))
        return f"""
entryPoints:
  web: {{address: "127.0.0.1:{web}"}}
  proxied: {{address: "127.0.0.1:{proxied}", forwardedHeaders: {{insecure: true}}}}
  admin: {{address: "127.0.0.1:{admin}"}}
  other: {{address: "127.0.0.1:{other}"}}
ping: {{entryPoint: admin}}
providers: {{file: {{filename: {self.folder}/dynamic.yml}}}}
{more}
"""

    def write(self, more: str) -> None:
        (self.folder / "static.yml").write_text(self.static(more))
        (self.folder / "dynamic.yml").write_text(DYNAMIC.replace("BACKEND", str(self.backend)))

    def ask(self, point: str, what: str, headers: dict[str, str]) -> Answer:
        method, _, path = what.partition(" ")
        return request(f"127.0.0.1:{self.ports[point]}", path, headers=headers, method=method, host="shop.test")

    def ask_everything(self) -> None:
        for each in ASKED:
            self.ask(*each)


DYNAMIC = """
http:
  routers:
    plain: {rule: Path(`/plain`), service: one}
    strip: {rule: PathPrefix(`/strip`), service: one, middlewares: [strip]}
    moved: {rule: Path(`/moved`), service: one, middlewares: [moved]}
    dead: {rule: Path(`/dead`), service: dead}
    quiet: {rule: Path(`/quiet`), service: one, observability: {accessLogs: false, metrics: false}}
  middlewares:
    strip: {stripPrefix: {prefixes: [/strip]}}
    moved: {redirectRegex: {regex: "moved", replacement: "elsewhere"}}
  services:
    one: {loadBalancer: {servers: [{url: "http://127.0.0.1:BACKEND/"}]}}
    dead: {loadBalancer: {servers: [{url: "http://127.0.0.1:1"}]}}
"""


@pytest.fixture(scope="module")
def backend() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_port
        server.shutdown()


def place(folder: Path, backend: int) -> Place:
    folder.mkdir(exist_ok=True)
    return Place(folder, backend, {each: unused_port() for each in ("web", "proxied", "admin", "other")})


@contextmanager
def real(here: Place) -> Iterator[None]:
    """The real Traefik, as long as the block lasts."""
    command = [str(TRAEFIK), f"--configFile={here.folder}/static.yml"]
    process = subprocess.Popen(command, cwd=here.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: here.ask("web", "GET /plain", {}).status == 200)
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ours(here: Place, *words: str) -> Iterator[Machine]:
    """Ours, as long as the block lasts."""
    machine = Machine(here.folder, gateway=unused_port(), api=unused_port(), xds=unused_port())
    try:
        machine.tulle("traefik", *(words or (f"--configFile={here.folder}/static.yml",)), "--detach")
        eventually(lambda: here.ask("web", "GET /plain", {}).status == 200)
        yield machine
    finally:
        machine.tulle("down", check=False)
        for process in machine.processes():
            process.kill()
        shutil.rmtree(Home(machine.home).sockets, ignore_errors=True)


def logged(here: Place, name: str, many: int) -> list[str]:
    """The last lines of a log, once it has that many after those of the start."""
    file = here.folder / name
    lines = eventually(lambda: [each for each in [file.read_text().splitlines()] if len(each) > many], what=name)
    return [str(each) for each in lines[0][-many:]]


def compared(here: Place, line: str) -> list[str | None]:
    """What both must say alike."""
    found = LINE.fullmatch(line)
    assert found, line
    return list(found.groups())


def test_lines_of_the_access_log(tmp_path: Path, backend: int) -> None:
    log = "{filePath: access.log, fields: {headers: {names: {User-Agent: keep, Referer: keep}}}}"
    found = []
    for name, run in (("real", real), ("ours", ours)):
        here = place(tmp_path / name, backend)
        here.write(f"accessLog: {log}")
        with run(here):
            here.ask_everything()
            found.append([compared(here, each) for each in logged(here, "access.log", len(ASKED) - 2)])
    for real_line, our_line in zip(*found, strict=True):
        if real_line[6] and '"' in real_line[6]:
            real_line[6] = real_line[6].replace('\\"', '"')
        assert our_line == real_line


def test_lines_of_json(tmp_path: Path, backend: int) -> None:
    log = "{filePath: access.log, format: json, filters: {statusCodes: ['200-399', '502']}, fields: {names: {Overhead: "
    log += "drop}, headers: {names: {User-Agent: redact}}}}"
    found: list[list[Any]] = []
    for name, run in (("real", real), ("ours", ours)):
        here = place(tmp_path / name, backend)
        here.write(f"accessLog: {log}")
        with run(here):
            here.ask_everything()
            found.append([json.loads(each) for each in logged(here, "access.log", len(ASKED) - 3)])
    changing = {"Duration", "OriginDuration", "StartUTC", "StartLocal", "time", "ClientAddr", "ClientPort"}
    # Knowingly different: what the server did where it was none, ports, and what nobody here counts.
    changing |= {"OriginStatus", "OriginContentSize", "RequestCount", "RequestPort", "RequestAddr", "RetryAttempts"}
    changing |= {"ClientUsername", "GzipRatio", "Overhead"}
    for real_line, our_line in zip(*found, strict=True):
        assert our_line["ClientPort"] == int(our_line["ClientAddr"].rpartition(":")[2])
        for each in (real_line, our_line):
            assert each["Duration"] >= each.get("OriginDuration", 0)
            for name in changing:
                each.pop(name, None)
        assert our_line == real_line


def series(text: str) -> dict[str, float]:
    """Counters with their labels in order."""
    found = {}
    for line in text.splitlines():
        if "_requests_total{" in line or "bytes_total{" in line:
            name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line).groups()  # type: ignore[union-attr]
            found[f"{name} {sorted(labels.split(','))}"] = float(value)
    return found


def test_numbers_for_prometheus(tmp_path: Path, backend: int) -> None:
    found = []
    for name, run in (("real", real), ("ours", ours)):
        here = place(tmp_path / name, backend)
        here.write("metrics: {prometheus: {entryPoint: admin, addRoutersLabels: true}}")
        with run(here):
            before = series(here.ask("admin", "GET /metrics", {}).body)
            here.ask_everything()

            def difference(here: Place = here, before: dict[str, float] = before) -> dict[str, float]:
                after = series(here.ask("admin", "GET /metrics", {}).body)
                more = {name: value - before.get(name, 0) for name, value in after.items()}
                return {name: value for name, value in more.items() if value}

            known = eventually(lambda: [each for each in [difference()] if "dead@file" in str(each)])[0]
            found.append({name: value for name, value in known.items() if "_requests_total" in name})
    assert found[0] == found[1]


def test_flags_and_changes_without_a_restart(tmp_path: Path, backend: int) -> None:
    here = place(tmp_path, backend)
    here.write("")
    words = [
        f"--entryPoints.web.address=127.0.0.1:{here.ports['web']}",
        "--providers.file.filename=dynamic.yml",
        "--accesslog.filepath",
        "first.log",
    ]
    with ours(here, *words) as machine:
        logged(here, "first.log", 0)
        envoys = {each.pid for each in machine.processes("envoy")}
        client = Client("steady", f"127.0.0.1:{here.ports['web']}", "/plain", "shop.test")
        client.start()
        try:
            more = [f"--entryPoints.other.address=127.0.0.1:{here.ports['other']}", "--accessLog.filePath=second.log"]
            (machine.home / "traefik.toml").write_text(from_flags([*words, *more]).text())
            eventually(lambda: here.ask("other", "GET /plain", {}).status == 200)
            eventually(lambda: (here.folder / "second.log").read_text().count("/plain") > 5)
            (machine.home / "traefik.toml").write_text(from_flags([*words[:2]]).text())
            eventually(lambda: not reachable(here))
        finally:
            client.stop()
        assert client.sent > 10
        assert not client.failures
        assert {each.pid for each in machine.processes("envoy")} == envoys


def reachable(here: Place) -> bool:
    """Whether the other entry point is there."""
    try:
        return here.ask("other", "GET /plain", {}).status == 200
    except OSError:
        return False


H3_CLIENT = """
static_resources:
  listeners:
  - name: plain
    address: {socket_address: {address: 127.0.0.1, port_value: PLAIN}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": TYPE/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: client
          route_config:
            virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: h3}}]}]
          http_filters:
          - {name: router, typed_config: {"@type": TYPE/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: h3
    load_assignment:
      cluster_name: h3
      endpoints:
      - lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, protocol: UDP, port_value: QUIC}}}}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": TYPE/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {http3_protocol_options: {}}
    transport_socket:
      name: envoy.transport_sockets.quic
      typed_config:
        "@type": TYPE/envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport
        upstream_tls_context: {sni: tulle.default, common_tls_context: {validation_context: ANYBODY}}
"""
"""An Envoy that takes plain requests and sends them on by HTTP/3."""


@contextmanager
def h3_client(folder: Path, quic: int) -> Iterator[int]:
    """The port of a client that speaks HTTP/3 with another port."""
    plain, file = unused_port(), folder / "client.yaml"
    words = {"PLAIN": str(plain), "QUIC": str(quic), "TYPE": "type.googleapis.com"}
    text = H3_CLIENT.replace("ANYBODY", "{trust_chain_verification: ACCEPT_UNTRUSTED}")
    for word, value in words.items():
        text = text.replace(word, value)
    file.write_text(text)
    command = [str(Path(sys.executable).with_name("envoy")), "-c", str(file), "--concurrency", "1"]
    command += ["--use-dynamic-base-id", "-l", "error"]
    process = subprocess.Popen(command)
    try:
        yield plain
    finally:
        process.terminate()
        process.wait()


def test_http3_is_spoken(tmp_path: Path, backend: int) -> None:
    here = place(tmp_path, backend)
    here.write("accessLog: {filePath: access.log}")
    text = (tmp_path / "static.yml").read_text()
    (tmp_path / "static.yml").write_text(text.replace('"}\n  proxied', '", http3: {}, http: {tls: {}}}\n  proxied', 1))
    machine = Machine(tmp_path, gateway=unused_port(), api=unused_port(), xds=unused_port())
    try:
        machine.tulle("traefik", f"--configFile={tmp_path}/static.yml", "--detach")
        with h3_client(tmp_path, here.ports["web"]) as port:
            answer = eventually(
                lambda: [
                    each for each in [request(f"127.0.0.1:{port}", "/plain", host="shop.test")] if each.status == 200
                ]
            )[0]
        assert answer.body == "hello"
        assert answer.headers["alt-svc"] == f'h3=":{here.ports["web"]}"; ma=2592000'
        eventually(lambda: '"GET /plain HTTP/3.0" 200 5' in (tmp_path / "access.log").read_text())
    finally:
        machine.tulle("down", check=False)
        shutil.rmtree(Home(machine.home).sockets, ignore_errors=True)


class Collector(Backend):
    """Remembers what it is sent."""

    sent: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        self.sent.append((self.path, self.headers.get("x-key") or "", body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


def test_requests_are_traced(tmp_path: Path, backend: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        here = place(tmp_path, backend)
        here.write(
            f"""
tracing:
  serviceName: the-edge
  resourceAttributes: {{deployment.environment: tests}}
  capturedRequestHeaders: [X-Tried]
  otlp: {{http: {{endpoint: "http://127.0.0.1:{server.server_port}/taken", headers: {{x-key: secret}}}}}}
"""
        )
        with ours(here):
            for number in range(6):
                here.ask("web", f"GET /plain?{number}", {"X-Tried": "truly"})
            eventually(lambda: b"truly" in b"".join(body for _, _, body in Collector.sent))
        server.shutdown()
    assert {(path, key) for path, key, _ in Collector.sent} == {("/taken", "secret")}
    everything = b"".join(body for _, _, body in Collector.sent)
    for word in (b"the-edge", b"deployment.environment", b"http.request.header.x-tried"):
        assert word in everything


def test_every_flag_is_known() -> None:
    told = subprocess.run([str(TRAEFIK), "--help"], capture_output=True, text=True, check=True).stdout
    flags = re.findall(r"^ +--(\S+) ", told, re.MULTILINE)
    assert len(flags) > 500
    for each in flags:
        given = from_flags([f"--{each.replace('<name>', 'x').replace('[n]', '[0]')}=1"])
        assert given.values or given.file
