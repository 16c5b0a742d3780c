"""Applications for a mesh, in threads of the test: HTTP, gRPC, TCP, UDP."""

from __future__ import annotations

import http.server
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc

from tests.envoy.kitchen import free_port


class Application(http.server.BaseHTTPRequestHandler):
    """Says what it was asked; echoes the bytes of a WebSocket."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    name = ""

    def answer(self) -> None:
        if self.headers.get("upgrade") == "websocket":
            self.send_response(101)
            self.send_header("upgrade", "websocket")
            self.send_header("connection", "upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(5))
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = {"name": self.name, "method": self.command, "path": self.path, "headers": headers, "body": body}
        content = json.dumps(said).encode()
        self.send_response(int(self.headers.get("x-answer", "200")))
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, format: str, *args: object) -> None:
        pass


class TcpEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(4096):
            self.request.sendall(data)


class UdpEcho(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, peer = self.request
        peer.sendto(data, self.client_address)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def served(server: Any) -> Iterator[int]:
    """The port of a server that runs in a thread."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def http_application(name: str) -> Iterator[int]:
    with served(Server(("127.0.0.1", 0), type("Named", (Application,), {"name": name}))) as port:
        yield port


@contextmanager
def https_application(name: str, context: ssl.SSLContext) -> Iterator[int]:
    """The same over TLS; a client that breaks off is nobody's concern."""
    server = Server(("127.0.0.1", 0), type("Named", (Application,), {"name": name}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with served(server) as port:
        yield port


@contextmanager
def grpc_application(answer: Callable[[bytes], bytes] = lambda data: data + b"!") -> Iterator[int]:
    """A service whose every method answers so; without an answer it says what it was told."""

    class Everything(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda data, context: answer(data))

    server = grpc.server(ThreadPoolExecutor(4), handlers=[Everything()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()


@contextmanager
def applications() -> Iterator[dict[str, int]]:
    """Ports of everything that runs, and of the listeners to be."""
    with ExitStack() as stack:
        ports = {name: stack.enter_context(http_application(name)) for name in ("v1", "v2", "legacy")}
        ports["grpc"] = stack.enter_context(grpc_application())
        ports["echo"] = stack.enter_context(served(Server(("127.0.0.1", 0), TcpEcho)))
        ports["udp"] = stack.enter_context(served(socketserver.ThreadingUDPServer(("127.0.0.1", 0), UdpEcho)))
        for name in ("http", "https", "tcp", "tls", "plain"):
            ports[f"gateway-{name}"] = free_port()
        ports |= {"gateway-udp": free_port(socket.SOCK_DGRAM), "dead": free_port(), "outbound": free_port()}
        ports |= {"stranger": free_port(), "forward-tcp": free_port(), "forward-udp": free_port(socket.SOCK_DGRAM)}
        yield ports
