"""Routers, middlewares and services of which the newest version is wrong keep the last good one, over restarts too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.machine import Machine, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

STATIC = """
entryPoints: {web: {address: "127.0.0.1:GATEWAY"}}
providers:
  file: {directory: dynamic, watch: true}
  http: {endpoint: "http://127.0.0.1:SERVED/configuration", pollInterval: 300ms, pollTimeout: 1s}
"""
ROUTERS = """
http:
  routers:
    a: {rule: Path(`/a`), service: s, middlewares: [m]}
    b: {rule: Path(`/b`), service: s}
"""
PIECES = """
http:
  middlewares: {m: {addPrefix: {prefix: /m}}}
  services: {s: {loadBalancer: {servers: [{url: "http://127.0.0.1:SERVED"}]}}}
"""
POLLED = {
    "http": {
        "routers": {"c": {"rule": "Path(`/c`)", "service": "t"}},
        "services": {"t": {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:SERVED"}]}}},
    }
}
GOOD = ["200 /m/a", "200 /b", "200 /c"]


class Server:
    """Answers with the path that it was asked for, and has a configuration."""

    def __init__(self) -> None:
        self.configuration: bytes | None = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_asked = self.path == "/configuration"
                body = server.configuration if is_asked else self.path.encode()
                self.send_response(200 if body is not None else 503)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


def filled(text: str, server: Server) -> str:
    return text.replace("SERVED", str(server.port))


def write(machine: Machine, server: Server, name: str, text: str) -> None:
    folder = machine.files / "dynamic"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}"
    temporary.write_text(filled(text, server))
    temporary.replace(folder / name)


def start(machine: Machine) -> None:
    machine.tulle("up", "--detach", str(machine.files / "traefik.yml"), check=False)


def answers(machine: Machine) -> list[str]:
    found = [machine.get(path) for path in ("/a", "/b", "/c")]
    return [f"{each.status} {each.body}" for each in found]


def says(machine: Machine, words: str) -> bool:
    return any(words in each["message"] for each in machine.status()["findings"])


BROKEN = {
    "a rule": ("routers.yml", ROUTERS.replace("`/a`", "`/a")),
    "a field of a router": ("routers.yml", ROUTERS.replace("middlewares: [m]", "middelwares: []")),
    "a middleware": ("pieces.yml", PIECES.replace("prefix: /m", "prefixes: /m")),
    "a service": ("pieces.yml", PIECES.replace("http://", "gopher://")),
    "all of a file": ("routers.yml", ROUTERS.replace("[m]", "[m")),
    "all of another file": ("pieces.yml", "\x00\x01"),
}


def test_what_is_wrong_stays_as_it_was(machine: Machine, server: Server) -> None:
    server.configuration = filled(json.dumps(POLLED), server).encode()
    machine.write(filled(STATIC, server), "traefik.yml")
    write(machine, server, "routers.yml", ROUTERS)
    write(machine, server, "pieces.yml", PIECES)
    start(machine)
    eventually(lambda: answers(machine) == GOOD, what="all routers")

    for name, text in BROKEN.values():
        write(machine, server, name, text)
        eventually(partial(says, machine, "still counts"), what="a finding that tells what counts")
        assert answers(machine) == GOOD
        write(machine, server, name, ROUTERS if name == "routers.yml" else PIECES)
        eventually(lambda: not says(machine, "still counts"), what="no finding")

    # All of it at once, the server of the configuration down, and nothing that remembers it but the disk.
    machine.tulle("down")
    server.configuration = None
    write(machine, server, "routers.yml", ROUTERS.replace("`/a`", "`/a").replace("service: s}", "service: 7, x: y}"))
    write(machine, server, "pieces.yml", PIECES.replace("prefix: /m", "prefixes: /m").replace("http://", "gopher://"))
    start(machine)
    eventually(lambda: answers(machine) == GOOD, what="what was good before")
    assert says(machine, "its last good version still counts") and says(machine, "what it last said still counts")

    # Once more, now that the last start had nothing but broken files.
    machine.tulle("down")
    write(machine, server, "routers.yml", "http: [")
    write(machine, server, "pieces.yml", "\x00\x01")
    start(machine)
    eventually(lambda: answers(machine) == GOOD, what="what was good before the last start")

    # A provider that says nonsense keeps what it said; one that says something else is believed.
    server.configuration = b"{"
    eventually(lambda: says(machine, "http"), what="a finding about the provider")
    assert answers(machine) == GOOD
    server.configuration = b"{}"
    eventually(lambda: answers(machine)[2].startswith("404"), what="no router of the provider")

    # What is gone, is gone for good.
    (machine.files / "dynamic" / "routers.yml").unlink()
    eventually(lambda: all(each.startswith("404") for each in answers(machine)), what="no router of the file")
    machine.tulle("down")
    write(machine, server, "routers.yml", ROUTERS.replace("`/a`", "`/a"))
    write(machine, server, "pieces.yml", PIECES)
    start(machine)
    eventually(lambda: answers(machine)[1] == "200 /b", what="the router that is right")
    assert answers(machine)[0].startswith("404")
