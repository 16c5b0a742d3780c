"""All servers of a run, in one thread: HTTP and HTTPS, gRPC, TCP, TLS, UDP, and ports where nobody is (`dead`)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from tests.e2e.machine import eventually
from tests.e2e.traefik.http_backend import HttpBackend, Seen
from tests.e2e.traefik.ports import unused_port
from tests.envoy.pki import Pki

SCHEMES = {"https": "https", "grpc": "h2c"}


class Backends:
    """Servers by any key, each with a port of its own."""

    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.servers: dict[str, Any] = {}
        self.grpc: list[Any] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.told: dict[str, HttpBackend] = {}
        self.ports: dict[str, int] = {}

    def run(self, task: Coroutine[Any, Any, Any]) -> Any:
        """Its result, from the thread of the servers."""
        return asyncio.run_coroutine_threadsafe(task, self.loop).result(30)

    def start(self, key: str, name: str, spec: dict[str, Any]) -> dict[str, str]:
        """Start a server; what words with its name stand for."""
        kind = spec.get("kind", "http")
        backend = self.told[key] = HttpBackend(name, spec)
        if kind == "dead":
            port = unused_port()
        elif kind == "grpc":
            port = self._grpc(backend)
        elif kind == "redis":
            port = self._redis()
        else:
            port = self.run(self._open(key, kind, backend))
        self.ports[key] = port
        url = f"{SCHEMES.get(kind, 'http')}://127.0.0.1:{port}"
        words = {"url": url, "address": f"127.0.0.1:{port}", "port": str(port), "sticky": sha16(url)}
        return {f"{name}.{word}": value for word, value in words.items()}

    def change(self, key: str, spec: dict[str, Any]) -> None:
        """Make a server behave differently; `dead` closes its port, and `alive` opens it again."""
        backend = self.told[key]
        if spec.get("dead"):
            self.run(self._close(key))
        elif spec.get("alive"):
            kind = backend.spec.get("kind", "http")
            self.run(self._open(key, kind, backend, self.ports[key]))
        else:
            backend.failed = 0
            backend.spec = {**{k: v for k, v in backend.spec.items() if k == "kind"}, **spec}

    def seen(self, key: str) -> list[Seen]:
        """All requests that a server got until now."""
        return list(self.told[key].seen)

    async def _open(self, key: str, kind: str, backend: HttpBackend, port: int = 0) -> int:
        if kind == "udp":
            made, _ = await self.loop.create_datagram_endpoint(
                lambda: Datagrams(backend), local_addr=("127.0.0.1", port)
            )
            self.servers[key] = made
            return int(made.get_extra_info("sockname")[1])
        secure = self._context(backend.spec) if kind in ("https", "tls") else None
        serve = backend.serve if kind in ("http", "https") else Lines(backend).serve
        server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=secure, backlog=256, limit=1 << 20)
        self.servers[key] = server
        return int(server.sockets[0].getsockname()[1])

    async def _close(self, key: str) -> None:
        server = self.servers.pop(key)
        server.close()
        for writer in self.told[key].writers:
            writer.close()

    def _context(self, spec: dict[str, Any]) -> ssl.SSLContext:
        """With a certificate for `names`; `client: true` demands one of the client, too."""
        names = spec.get("names", ["127.0.0.1", "localhost"])
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, key = self.pki.issue(*names)
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(chain + key)
            made.load_cert_chain(file.name)
        made.load_verify_locations(cadata=self.pki.ca.decode())
        made.verify_mode = ssl.CERT_REQUIRED if spec.get("client") else ssl.CERT_NONE
        if "max" in spec:
            made.maximum_version = ssl.TLSVersion[spec["max"]]

        def named(connection: Any, name: str | None, _: object) -> None:
            connection.server_name = name

        made.sni_callback = named
        return made

    def _grpc(self, backend: HttpBackend) -> int:
        server = grpc.server(ThreadPoolExecutor(4), handlers=[Generic(backend)])
        if backend.spec.get("secure"):
            chain, key = self.pki.issue("127.0.0.1", "localhost")
            port = int(server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)])))
        else:
            port = int(server.add_insecure_port("127.0.0.1:0"))
        server.start()
        self.grpc.append(server)
        return port

    def _redis(self) -> int:
        port = unused_port()
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        eventually(lambda: answers(port))
        return port

    async def _end(self) -> None:
        for server in self.servers.values():
            server.close()
        for backend in self.told.values():
            for writer in backend.writers:
                writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)  # Connections end in the loop's next rounds.


class Lines:
    """TCP: each line comes back with the name of the server (and the server name that was asked for, over TLS)."""

    def __init__(self, backend: HttpBackend) -> None:
        self.backend = backend

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.backend.writers.add(writer)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            if "greets" in self.backend.spec:
                writer.write(f"{self.backend.spec['greets']}\n".encode())
            tls = writer.get_extra_info("ssl_object")
            words = [self.backend.name, *([getattr(tls, "server_name", None) or "-"] if tls else ())]
            while line := await reader.readline():
                self.backend.seen.append(Seen("LINE", "", "", [], line))
                await asyncio.sleep(self.backend.spec.get("slow", 0))
                writer.write(" ".join([*words, line.decode(errors="replace")]).encode())
                await writer.drain()
        self.backend.writers.discard(writer)
        writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """UDP: each comes back with the name of the server before it."""

    def __init__(self, backend: HttpBackend) -> None:
        self.backend = backend

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.backend.seen.append(Seen("DATAGRAM", "", "", [], data))
        self.transport.sendto(f"{self.backend.name} ".encode() + data, addr)


class Generic(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Any method: tells what it was asked; `…/Stream` answers each message, `fail` is an error."""

    def __init__(self, backend: HttpBackend) -> None:
        self.backend = backend

    def service(self, details: Any) -> Any:
        if details.method.endswith("/Stream"):
            return grpc.stream_stream_rpc_method_handler(self.each)
        return grpc.unary_unary_rpc_method_handler(lambda data, call: self.one(details.method, data, call))

    def one(self, method: str, data: bytes, call: Any) -> bytes:
        headers = [(each.key, str(each.value)) for each in call.invocation_metadata()]
        seen = Seen("POST", method, "HTTP/2", headers, data)
        self.backend.seen.append(seen)
        call.set_trailing_metadata((("x-word", self.backend.name),))
        if data == b"fail":
            call.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked")
        return json.dumps(seen.told(self.backend.name)).encode()

    def each(self, messages: Iterator[bytes], _: Any) -> Iterator[bytes]:
        for message in messages:
            yield f"{self.backend.name} ".encode() + message


def answers(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.create_connection(("127.0.0.1", port)):
        return True


def sha16(text: str) -> str:
    """What Traefik writes into a cookie for a server or service."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def backends(pki: Pki) -> Iterator[Backends]:
    """Servers to be started, all of which end."""
    made = Backends(pki)
    made.thread.start()
    try:
        yield made
    finally:
        made.run(made._end())
        for server in made.grpc:
            server.stop(0).wait()
        for process in made.processes:
            process.kill()
            process.wait()
        made.loop.call_soon_threadsafe(made.loop.stop)
        made.thread.join()
        made.loop.close()
