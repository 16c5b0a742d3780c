"""Requests that never stop while something changes, and how many of them failed."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from tests.e2e.machine import Machine, eventually
from tests.e2e.scenario import outbound

PAUSE = 0.02
"""Seconds between two requests of a client: the proxies are to be changed, not to be worn out."""
MORE = 8
"""Requests of each client that a change is watched by once it was seen."""
ECHO_METHOD = "/echo.Echo/Say"


@dataclass(eq=False)
class Client:
    """One client of HTTP/1.1, in a thread of its own."""

    name: str
    address: str
    target: str
    host: str
    keeps: bool = True
    """Whether it keeps its connection; otherwise every request has a new one."""
    sent: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self.name)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address, timeout=15)

    def _run(self) -> None:
        connection = self._connection()
        while not self._ended.wait(PAUSE):
            failure = self._ask(connection)
            if failure:
                self.failures[failure] += 1
            if failure or not self.keeps:
                connection.close()
            self.sent += 1
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> str:
        """Send one request; what was wrong with the answer."""
        try:
            connection.request("GET", self.target, headers={"Host": self.host})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if response.status == 200:
            return ""
        reason = response.headers.get("x-tulle-reason") or body[:200].decode(errors="replace")
        return f"{response.status}: {reason}"


class TlsClient(Client):
    """One client of HTTPS, which takes any certificate."""

    def _connection(self) -> http.client.HTTPConnection:
        return Secure(self.address, self.host)


class Secure(http.client.HTTPConnection):
    """A connection that asks for the certificate of a host that is in no DNS."""

    def __init__(self, address: str, server_name: str) -> None:
        super().__init__(address, timeout=15)
        self._server_name = server_name

    def connect(self) -> None:
        super().connect()
        self.sock = careless().wrap_socket(self.sock, server_hostname=self._server_name)


def careless() -> ssl.SSLContext:
    """TLS that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Caller(Client):
    """One client of gRPC."""

    def _run(self) -> None:
        with grpc.insecure_channel(self.address, options=[("grpc.default_authority", self.host)]) as channel:
            method = channel.unary_unary(self.target)
            while not self._ended.wait(PAUSE):
                try:
                    method(b"hello", timeout=15)
                except grpc.RpcError as error:
                    self.failures[f"{error.code()}: {error.details()}"] += 1
                self.sent += 1


@dataclass(eq=False)
class Traffic:
    """All clients of a mesh."""

    clients: list[Client] = field(default_factory=list)

    def at_gateway(self, port: int, host: str, path: str = "/") -> None:
        """Requests from outside, on connections that are kept and on new ones."""
        for keeps in (True, False):
            name = f"gateway {host}{path}{'' if keeps else ', new connections'}"
            self.add(Client(name, f"127.0.0.1:{port}", path, host, keeps))

    def between(self, machine: Machine, workload: str, url: str) -> None:
        """Calls of a workload, through its sidecar."""
        host = url.split("/")[2]
        for keeps in (True, False):
            name = f"{workload} to {url}{'' if keeps else ', new connections'}"
            self.add(Client(name, outbound(machine, workload), url, host, keeps))

    def by_grpc(self, machine: Machine, host: str) -> None:
        """Calls over HTTP/2, from outside."""
        self.add(Caller(f"gRPC {host}", f"127.0.0.1:{machine.gateway}", ECHO_METHOD, host))

    def by_tls(self, port: int, host: str) -> None:
        """Requests from outside by TLS, on connections that are kept and on new ones."""
        for keeps in (True, False):
            name = f"TLS {host}{'' if keeps else ', new connections'}"
            self.add(TlsClient(name, f"127.0.0.1:{port}", "/", host, keeps))

    def failures(self) -> dict[str, Counter[str]]:
        """What went wrong since the last time, by client."""
        found = {each.name: each.failures for each in self.clients if each.failures}
        for each in self.clients:
            each.failures = Counter()
        return found

    def go_on(self) -> None:
        """Wait until every client has sent some more requests."""
        before = {each: each.sent for each in self.clients}
        eventually(lambda: all(each.sent >= sent + MORE for each, sent in before.items()), what="more requests")

    @property
    def sent(self) -> int:
        """How many requests there were."""
        return sum(each.sent for each in self.clients)

    def add(self, client: Client) -> None:
        """Requests of any client; it begins now."""
        self.clients.append(client)
        client.start()

    def stop(self) -> None:
        """End all of it."""
        for client in self.clients:
            client.stop()


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Clients that end with the block."""
    found = Traffic()
    try:
        yield found
    finally:
        found.stop()
