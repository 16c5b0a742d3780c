"""What is no simple request, through the gateway and two sidecars: gateway → front → its sidecar → back.

`/via/back/…` of the one service sends everything on to the other through its own sidecar, so each byte passes four
proxies, between which it travels as HTTP/2 over mutual TLS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import queue
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import grpc
import pytest

from tests.e2e.machine import Machine, eventually
from tests.e2e.polyglot import WEBSOCKET, frame_of, framed
from tests.e2e.scenario import outbound
from tests.e2e.talking import Place, Question, ask

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

MESH = """
gateway:
  listeners: {http: {port: GATEWAY}}
routes:
  - {path: /, to: front}
  - {path: /rpc.Echo, to: rpc}
services:
  front: {port: 8000, command: POLYGLOT http, env: {WORD: front}}
  back: {port: 8000, command: POLYGLOT http, env: {WORD: back}}
  rpc: {port: 8000, protocol: grpc, command: POLYGLOT grpc, env: {WORD: rpc}}
  bytes: {port: 7000, protocol: tcp, command: POLYGLOT tcp, env: {WORD: bytes}}
  datagrams: {port: 6000, protocol: udp, command: POLYGLOT udp, env: {WORD: datagrams}}
"""
SIZE = 100 * 1024 * 1024
VIA = "/via/back"


class Wire:
    """A connection whose bytes one sees."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream: BufferedReader = self.socket.makefile("rb")

    def send(self, *lines: str, body: bytes = b"") -> None:
        """The head of a request, and its body."""
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of what comes next."""
        status = int(self.stream.readline().split()[1])
        headers = {}
        while line := self.stream.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers

    def body(self, headers: dict[str, str]) -> tuple[bytes, list[str]]:
        """The body and the trailers."""
        if "content-length" in headers:
            return self.stream.read(int(headers["content-length"])), []
        found = b""
        while size := int(self.stream.readline(), 16):
            found += self.stream.read(size)
            self.stream.readline()
        trailers = []
        while line := self.stream.readline().strip().decode():
            trailers.append(line)
        return found, trailers


@contextmanager
def wire(address: str) -> Iterator[Wire]:
    made = Wire(address)
    with made.socket, made.stream:
        yield made


def test_everything_passes(machine: Machine) -> None:
    machine.write(MESH)
    machine.up()
    eventually(lambda: machine.get(f"{VIA}/").json["word"] == "back")
    gateway = f"127.0.0.1:{machine.gateway}"
    for prefix in ("", VIA):
        _web_sockets(gateway, prefix)
        _events_come_as_they_are_sent(gateway, prefix)
        _trailers(gateway, prefix)
        _interim_answers(gateway, prefix)
        _answers_without_a_body(gateway, prefix)
    _large_bodies(gateway, machine.directory / "large")
    _tunnels(gateway, outbound(machine, "front"))
    _messages_of_grpc_come_one_by_one(gateway)
    for service, query in (("bytes", ""), ("datagrams", "&udp=1")):
        heard = machine.get(f"/say?to=TULLE_{service.upper()}_ADDR{query}").json["heard"]
        assert heard == f"{service} hello"
    assert machine.status()["findings"] == []


def _web_sockets(gateway: str, prefix: str) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    with wire(gateway) as talk:
        head = [f"GET {prefix}/ws HTTP/1.1", "host: any", "connection: Upgrade", "upgrade: websocket"]
        talk.send(*head, f"sec-websocket-key: {key}", "sec-websocket-version: 13")
        status, headers = talk.head()
        accept = base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET).digest()).decode()
        assert status == 101, headers
        assert (headers["upgrade"], headers["sec-websocket-accept"]) == ("websocket", accept)
        for text in ("one", "two", "three"):
            talk.socket.sendall(framed(text, os.urandom(4)))
            assert frame_of(talk.stream) == f"{'back' if prefix else 'front'} {text}"
        talk.socket.sendall(b"\x88\x80" + bytes(4))
        assert frame_of(talk.stream) is None


def _events_come_as_they_are_sent(gateway: str, prefix: str) -> None:
    with wire(gateway) as talk:
        talk.send(f"GET {prefix}/events?count=8 HTTP/1.1", "host: any")
        status, headers = talk.head()
        assert (status, headers["content-type"]) == (200, "text/event-stream")
        came = []
        for line in iter(talk.stream.readline, b"0\r\n"):
            if line.startswith(b"data: "):
                came.append((float(line.removeprefix(b"data: ")), time.monotonic()))
        assert len(came) == 8
        assert came[0][1] < came[-1][0], "the first event has come before the last one was sent"


def _trailers(gateway: str, prefix: str) -> None:
    with wire(gateway) as talk:
        talk.send(f"GET {prefix}/trailers HTTP/1.1", "host: any", "te: trailers")
        status, headers = talk.head()
        assert (status, talk.body(headers)) == (200, (b"hello", ["x-sum: 7"]))


def _interim_answers(gateway: str, prefix: str) -> None:
    """100 when the application wants the body, and 103 with what it already knows."""
    with wire(gateway) as talk:
        talk.send(f"POST {prefix}/count HTTP/1.1", "host: any", "content-length: 5", "expect: 100-continue")
        assert talk.head()[0] == 100
        talk.socket.sendall(b"hello")
        status, headers = talk.head()
        assert (status, json.loads(talk.body(headers)[0])["bytes"]) == (200, 5)
    with wire(gateway) as talk:
        talk.send(f"GET {prefix}/early HTTP/1.1", "host: any")
        status, headers = talk.head()
        assert (status, headers["link"]) == (103, "</style.css>; rel=preload")
        status, headers = talk.head()
        assert status == 200
        talk.body(headers)


def _answers_without_a_body(gateway: str, prefix: str) -> None:
    """The answer to HEAD says how long the body would be, and the connection goes on behind it."""
    with wire(gateway) as talk:
        talk.send(f"HEAD {prefix}/bytes/12345 HTTP/1.1", "host: any")
        status, headers = talk.head()
        assert (status, headers["content-length"]) == (200, "12345")
        if not prefix:  # Behind /via the application closes its connection, and says so.
            talk.send("GET /bytes/3 HTTP/1.1", "host: any")
            status, headers = talk.head()
            assert (status, talk.body(headers)[0]) == (200, bytes(3))


def _large_bodies(gateway: str, file: Path) -> None:
    """100 MB there and back, over HTTP/1 and HTTP/2; with a length, and without."""
    with file.open("wb") as made:
        made.truncate(SIZE)
    for more in (("--http1.1",), ("--http1.1", "-H", "transfer-encoding: chunked"), ("--http2-prior-knowledge",)):
        said = _curl(*more, "-X", "POST", "-T", str(file), f"http://{gateway}{VIA}/count")
        assert json.loads(said)["bytes"] == SIZE
        got = _curl(more[0], "-o", "/dev/null", "-w", "%{size_download}", f"http://{gateway}{VIA}/bytes/{SIZE}")
        assert got == str(SIZE)


def _curl(*arguments: str) -> str:
    command = ["curl", "-sS", "--fail", "--noproxy", "*", "-m", "60", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def _tunnels(gateway: str, sidecar: str) -> None:
    """Workloads open tunnels through their sidecar; the gateway is nobody's proxy."""
    with wire(sidecar) as talk:
        talk.send("CONNECT bytes:7000 HTTP/1.1", "host: bytes:7000")
        assert talk.head()[0] == 200
        talk.socket.sendall(b"hello\n")
        assert talk.stream.readline() == b"bytes hello\n"
    with wire(sidecar) as talk:
        talk.send("CONNECT back:8000 HTTP/1.1", "host: back:8000")
        assert talk.head()[0] == 200
        talk.send("GET /within HTTP/1.1", "host: back:8000")
        status, headers = talk.head()
        assert (status, json.loads(talk.body(headers)[0])["word"]) == (200, "back")
    with wire(gateway) as talk:
        talk.send("CONNECT back:8000 HTTP/1.1", "host: back:8000")
        assert talk.head()[0] == 404


def _messages_of_grpc_come_one_by_one(gateway: str) -> None:
    """Each message is answered before the next is sent."""
    messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    with grpc.insecure_channel(gateway, options=[("grpc.enable_http_proxy", 0)]) as channel:
        answers = channel.stream_stream("/rpc.Echo/Stream")(iter(messages.get, None), timeout=20)
        for number in range(3):
            messages.put(f"{number}".encode())
            assert next(answers) == f"rpc {number}".encode()
        messages.put(None)
        assert list(answers) == []
        assert answers.code() is grpc.StatusCode.OK


BYTES = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: tulle
  listeners:
    - {name: front, protocol: TCP, port: FREE_FRONT}
    - {name: rpc, protocol: TCP, port: FREE_RPC}
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: front}
spec:
  parentRefs: [{name: edge, sectionName: front}]
  rules: [{backendRefs: [{name: front, port: 8000}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: rpc}
spec:
  parentRefs: [{name: edge, sectionName: rpc}]
  rules: [{backendRefs: [{name: rpc, port: 8000}]}]
"""


def test_bytes_reach_sidecars_that_read_http(machine: Machine) -> None:
    machine.write(MESH)
    machine.write(BYTES, "bytes.yaml")
    machine.up()
    for word, url, status in (("FRONT", "http://any/", 200), ("RPC", "grpc://any/rpc.Echo/Say", 0)):
        place = Place("127.0.0.1", machine.free(f"FREE_{word}"))
        (got,) = ask(place, Question(url, body="x"))
        assert got.answer.status == status, got
        assert got.version == word.lower()
        assert "URI=spiffe://cluster.local/ns/tulle-system/sa/gateway" in got.answer.body
