"""One question in any protocol, by the scheme of its URL: http, https, h2c, h2, grpc, grpcs, tcp, tls, udp.

The host of the URL is what the server is called (`Host`, `:authority`, server name); where it is, is said apart.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc

from tests.e2e.machine import Answer

SECURE = frozenset(("https", "h2", "grpcs", "tls"))


@dataclass(frozen=True)
class Place:
    """Where questions go."""

    host: str
    port: int
    authority: str = ""
    """File with the certificates that are believed, for TLS."""
    is_proxy: bool = False
    """Whether it is the sidecar of a workload, which wants whole URLs."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)


@dataclass(frozen=True)
class Question:
    """What is asked."""

    url: str
    method: str = "GET"
    headers: dict[str, str] | None = None
    body: str = ""


@dataclass(frozen=True)
class Timed:
    """An answer, and how long it took."""

    answer: Answer
    seconds: float

    @property
    def version(self) -> str:
        """Which workload answered: as the echo server, or a program of Bookinfo, says."""
        try:
            said = self.answer.json
        except ValueError:
            return self.answer.body.strip().partition(" ")[0]
        return str(said.get("word") or said.get("version") or said.get("service")) if isinstance(said, dict) else ""


def ask(place: Place, question: Question, times: int = 1) -> list[Timed]:
    """All answers. HTTP/1 and gRPC have one connection for all of them, the others one for each."""
    with asking(place, question) as once:
        return [_timed(once) for _ in range(times)]


def asking(place: Place, question: Question) -> AbstractContextManager[Callable[[], Answer]]:
    """What asks once more each time that it is called."""
    return _CLIENTS[urlsplit(question.url).scheme](place, question)


def _timed(once: Any) -> Timed:
    start = time.monotonic()
    try:
        answer = once()
    except (ConnectionError, ssl.SSLError, TimeoutError, http.client.RemoteDisconnected, subprocess.CalledProcessError):
        answer = Answer(0, {}, b"")
    return Timed(answer, time.monotonic() - start)


def target_of(url: str) -> str:
    """What follows the host."""
    parts = urlsplit(url)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


@contextmanager
def _http1(place: Place, question: Question) -> Iterator[Any]:
    parts = urlsplit(question.url)
    connection = http.client.HTTPConnection(place.host, place.port, timeout=30)
    target = question.url if place.is_proxy else target_of(question.url)

    def once() -> Answer:
        if connection.sock is None and parts.scheme == "https":
            plain = socket.create_connection((place.host, place.port), timeout=30)
            connection.sock = place.context().wrap_socket(plain, server_hostname=parts.hostname)
        headers = {"Host": parts.netloc, **(question.headers or {})}
        connection.request(question.method, target, question.body or None, headers)
        return Answer.of(connection.getresponse())

    try:
        yield once
    finally:
        connection.close()


@contextmanager
def _http2(place: Place, question: Question) -> Iterator[Any]:
    """By curl."""
    parts = urlsplit(question.url)
    secure = parts.scheme == "h2"
    url = parts._replace(scheme="https" if secure else "http").geturl()
    command = ["curl", "-sS", "-i", "--noproxy", "*", "-m", "30", "-X", question.method]
    command += ["--connect-to", f"::{place.address}"]
    command += ["--http2", "--cacert", place.authority] if secure else ["--http2-prior-knowledge"]
    for name, value in {"host": parts.netloc, **(question.headers or {})}.items():
        command += ["-H", f"{name}: {value}"]
    command += ["--data-binary", question.body] if question.body else []

    def once() -> Answer:
        out = subprocess.run([*command, url], capture_output=True, check=True).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        assert line.startswith("HTTP/2 "), line
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        return Answer(int(line.split()[1]), headers, body)

    yield once


@contextmanager
def _grpc(place: Place, question: Question) -> Iterator[Any]:
    """A call with one message; the status is that of gRPC, of the trailers and the headers one table is made."""
    parts = urlsplit(question.url)
    options = [("grpc.default_authority", parts.netloc), ("grpc.use_local_subchannel_pool", 1)]
    if place.is_proxy:
        options.append(("grpc.http_proxy", f"http://{place.address}"))
    else:
        options.append(("grpc.enable_http_proxy", 0))
    at = parts.netloc if place.is_proxy else place.address
    if parts.scheme == "grpcs":
        with open(place.authority, "rb") as file:
            trust = grpc.ssl_channel_credentials(file.read())
        name = ("grpc.ssl_target_name_override", parts.hostname)
        channel = grpc.secure_channel(at, trust, options=[*options, name])
    else:
        channel = grpc.insecure_channel(at, options=options)
    method = channel.unary_unary(parts.path)
    metadata = tuple((question.headers or {}).items())

    def once() -> Answer:
        try:
            body, call = method.with_call(question.body.encode(), metadata=metadata, timeout=10)
            status = 0
        except grpc.RpcError as error:
            call, status, body = error, error.code().value[0], (error.details() or "").encode()
        pairs = [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]
        return Answer(status, {each.key: str(each.value) for each in pairs}, body)

    with channel:
        yield once


@contextmanager
def _tcp(place: Place, question: Question) -> Iterator[Any]:
    """One line there, one line back; nothing at all counts as status 0."""
    parts = urlsplit(question.url)

    def once() -> Answer:
        with ExitStack() as stack:
            talk = stack.enter_context(socket.create_connection((place.host, place.port), timeout=10))
            talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if parts.scheme == "tls":
                talk = stack.enter_context(place.context().wrap_socket(talk, server_hostname=parts.hostname))
            talk.sendall((question.body or "hello").encode() + b"\n")
            said = stack.enter_context(talk.makefile("rb")).readline().strip()
        return Answer(200 if said else 0, {}, said)

    yield once


@contextmanager
def _udp(place: Place, question: Question) -> Iterator[Any]:
    def once() -> Answer:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
            talk.settimeout(2)
            talk.connect((place.host, place.port))
            talk.send((question.body or "hello").encode())
            return Answer(200, {}, talk.recv(4096))

    yield once


_CLIENTS = {
    "http": _http1,
    "https": _http1,
    "h2c": _http2,
    "h2": _http2,
    "grpc": _grpc,
    "grpcs": _grpc,
    "tcp": _tcp,
    "tls": _tcp,
    "udp": _udp,
}


def pretty(answer: Answer) -> str:
    """For messages."""
    return f"{answer.status} {json.dumps(answer.headers)} {answer.body[:300]}"
