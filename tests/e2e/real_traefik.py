"""A real Traefik with routers and nothing else: what it says about their rules, and which of them take a call."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.dialects.traefik.evaluating import Call
from tests.e2e.machine import eventually
from tulle.kit.ports import Ports

MATCHED = b"matched"
"""What the service behind TCP routers says to everybody."""
TEAPOT = 418
"""What the service behind HTTP routers answers (`noop@internal`)."""


Rules = Sequence[tuple[str, str]]
"""Rules as they are written, each behind its grammar: `http v3`, `tcp v2`, …"""


@dataclass(frozen=True, slots=True)
class Traefik:
    """Routers go by their numbers, in the order in which they were given."""

    ports: Sequence[int]
    """Of those that can be called: each has an entry point of its own."""
    api: int

    def errors(self, protocol: str) -> dict[int, list[str]]:
        """What is wrong with routers, by number."""
        wrong: dict[int, list[str]] = {}
        for name, router in self.routers(protocol).items():
            if "error" in router and (number := name.partition("@")[0]).isdecimal():
                wrong[int(number)] = router["error"]
        return wrong

    def routers(self, protocol: str) -> dict[str, Any]:
        """As the API shows them."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.api, timeout=5)) as connection:
            connection.request("GET", "/api/rawdata")
            known = json.load(connection.getresponse())
        found: dict[str, Any] = known.get({"http": "routers", "tcp": "tcpRouters"}[protocol], {})
        return found

    def takes_request(self, number: int, call: Call) -> bool:
        """Whether an HTTP router matches."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.ports[number], timeout=5, source_address=(call.source, 0)
        )
        with closing(connection):
            connection.putrequest(call.method, call.target, skip_host=True, skip_accept_encoding=True)
            for name, value in (("Host", call.host), *call.headers):
                connection.putheader(name, value)
            connection.endheaders()
            return connection.getresponse().status == TEAPOT

    def takes_connection(self, number: int, call: Call) -> bool:
        """Whether a TCP router matches."""
        with socket.create_connection(("127.0.0.1", self.ports[number]), 5, source_address=(call.source, 0)) as plain:
            plain.sendall(client_hello(call))
            answer = b""
            while len(answer) < len(MATCHED) and (more := plain.recv(4096)):
                answer += more
            return answer == MATCHED


def client_hello(call: Call) -> bytes:
    """The first bytes of a client with TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if call.protocols:
        context.set_alpn_protocols(list(call.protocols))
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=call.server_name or None)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake needs two")


@contextmanager
def running(directory: Path, called: Rules, others: Rules = ()) -> Iterator[Traefik]:
    """Until the end of the block; the others are only looked at."""
    with _service() as service, closing(Ports()) as ports:
        traefik = Traefik([ports.choose() for _ in called], ports.choose())
        (directory / "dynamic.yaml").write_text(_dynamic(called, others, service))
        entries = {f"e{number}": port for number, port in enumerate(traefik.ports)}
        entries |= {"traefik": traefik.api, "others": ports.choose()}
        static = {
            "entryPoints": {name: {"address": f"127.0.0.1:{port}"} for name, port in entries.items()},
            "api": {"insecure": True},
            "providers": {"file": {"filename": str(directory / "dynamic.yaml"), "watch": False}},
            "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        }
        (directory / "traefik.yaml").write_text(yaml.safe_dump(static))
        ports.close()
        log = directory / "traefik.log"
        with log.open("w") as output:
            command = [str(Path(sys.executable).with_name("traefik")), f"--configFile={directory}/traefik.yaml"]
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            many = len(called) + len(others)
            eventually(
                lambda: sum(len(traefik.routers(each)) for each in ("http", "tcp")) >= many, what=log.read_text()
            )
            yield traefik
        finally:
            process.kill()
            process.wait()


def _dynamic(called: Rules, others: Rules, service: int) -> str:
    http: dict[str, Any] = {}
    tcp: dict[str, Any] = {}
    for number, (grammar, rule) in enumerate((*called, *others)):
        protocol, syntax = grammar.split(" ")
        entry = f"e{number}" if number < len(called) else "others"
        router = {"rule": rule, "ruleSyntax": syntax, "entryPoints": [entry]}
        if protocol == "http":
            http[str(number)] = {**router, "service": "noop@internal"}
        else:
            tcp[str(number)] = {**router, "service": "service", "tls": {"passthrough": True}}
    places = {"service": {"loadBalancer": {"servers": [{"address": f"127.0.0.1:{service}"}]}}}
    text = yaml.safe_dump({"http": {"routers": http}, "tcp": {"routers": tcp, "services": places}}, width=1 << 20)
    # The file is a template of Go, too.
    return text.replace("{{", '{{"{{"}}')


@contextmanager
def _service() -> Iterator[int]:
    """Says the same to everybody who connects."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(MATCHED)
                    connection.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
