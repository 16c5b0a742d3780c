"""An application for everything that is no simple request: streams, WebSocket, trailers, 1xx, gRPC, TCP, TLS, UDP.

`python polyglot.py http|grpc|tcp|tls|udp`. Each answers with the WORD of its environment: one can see who it was. Over
HTTP, /ws talks as a WebSocket, /events sends events as time passes, /early sends 103 before its answer, /trailers has
trailers, /bytes/N sends N bytes, /count counts what it gets, /slow takes its time, /log tells the paths that were asked
for before, /say talks to a service over TCP or UDP by its variable, and /via/HOST/PATH sends the request on to another
service through the sidecar, byte for byte and in both directions.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import select
import socket
import socketserver
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

WORD = os.environ.get("WORD", "")
WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHUNK = bytes(1 << 16)
LOG: list[str] = []
OWN = {"host", "connection"}
"""Headers that are for one connection."""


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        word = parts.path.split("/")[1]
        answer = getattr(self, f"on_{word}", None)
        if word != "log":
            LOG.append(self.path)
        if word == "via":
            via(self)
        elif answer is not None:
            answer({name: values[0] for name, values in parse_qs(parts.query).items()})
        else:
            self.tell(body=b"".join(self.received()).decode(errors="replace"))

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def tell(self, **more: Any) -> None:
        """A usual answer."""
        names = {name.lower() for name in self.headers}
        headers = {name: ",".join(self.headers.get_all(name, ())) for name in sorted(names)}
        said = {"word": WORD, "method": self.command, "path": self.path, "headers": headers, **more}
        content = json.dumps(said).encode()
        self.begin(("content-type", "application/json"), ("content-length", str(len(content))))
        if self.command != "HEAD":
            self.wfile.write(content)

    def begin(self, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def received(self) -> Iterator[bytes]:
        """The body, as it comes."""
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return
        left = int(self.headers.get("content-length") or 0)
        while left and (data := self.rfile.read(min(left, len(CHUNK)))):
            left -= len(data)
            yield data

    def on_count(self, _: dict[str, str]) -> None:
        self.tell(bytes=sum(map(len, self.received())))

    def on_log(self, _: dict[str, str]) -> None:
        self.tell(log=LOG)

    def on_slow(self, query: dict[str, str]) -> None:
        time.sleep(float(query["seconds"]))
        self.tell()

    def on_bytes(self, _: dict[str, str]) -> None:
        left = int(self.path.rpartition("/")[2])
        self.begin(("content-length", str(left)))
        while self.command != "HEAD" and left:
            self.wfile.write(CHUNK[:left])
            left -= min(left, len(CHUNK))

    def on_early(self, _: dict[str, str]) -> None:
        self.send_response_only(103)
        self.send_header("link", "</style.css>; rel=preload")
        self.end_headers()
        self.tell()

    def on_trailers(self, _: dict[str, str]) -> None:
        self.begin(("transfer-encoding", "chunked"), ("trailer", "x-sum"))
        self.wfile.write(b"5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n")

    def on_events(self, query: dict[str, str]) -> None:
        """As server-sent events; the moment of each is told, to see that none waited for the next."""
        self.begin(("content-type", "text/event-stream"), ("transfer-encoding", "chunked"))
        for number in range(int(query["count"])):
            event = f"id: {number}\ndata: {time.monotonic()}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(0.05)
        self.wfile.write(b"0\r\n\r\n")

    def on_ws(self, _: dict[str, str]) -> None:
        """A WebSocket: each text comes back with the word before it."""
        key = self.headers["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
        upgrade = ("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", accept)
        self.begin(*upgrade, status=101)
        while (text := frame_of(self.rfile)) is not None:
            self.wfile.write(framed(f"{WORD} {text}"))
        self.close_connection = True

    def on_say(self, query: dict[str, str]) -> None:
        host, _, port = os.environ[query["to"]].rpartition(":")
        kind = socket.SOCK_DGRAM if "udp" in query else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as talk:
            talk.settimeout(10)
            talk.connect((host, int(port)))
            talk.sendall(b"hello\n")
            self.tell(heard=talk.recv(4096).decode().strip())

    def log_message(self, format: str, *args: Any) -> None:
        pass


def via(handler: Http) -> None:
    """Ask another service, through the sidecar, and carry every byte."""
    _, _, host, path = handler.path.split("/", 3)
    proxy = urlsplit(os.environ["HTTP_PROXY"])
    with socket.create_connection((proxy.hostname or "", proxy.port or 0)) as there:
        # One request a connection: what came behind it would be carried on, too.
        kind = "Upgrade" if "upgrade" in handler.headers else "close"
        lines = [f"{handler.command} http://{host}/{path} HTTP/1.1", f"host: {host}", f"connection: {kind}"]
        lines += [f"{name}: {value}" for name, value in handler.headers.items() if name.lower() not in OWN]
        there.sendall("\r\n".join([*lines, "", ""]).encode())
        handler.close_connection = True
        carry(handler.connection, there, handler.rfile)


def carry(here: socket.socket, there: socket.socket, before: Any) -> None:
    """Both ways, until the service has said everything. What was read with the headers comes first."""
    here.setblocking(False)
    there.sendall(before.read1() if before.peek() else b"")
    here.setblocking(True)
    ends = [here, there]
    while there in ends:
        for ready in select.select(ends, [], [])[0]:
            data = ready.recv(len(CHUNK))
            if not data:
                ends.remove(ready)
            elif ready is here:
                there.sendall(data)
            else:
                here.sendall(data)


def frame_of(stream: Any) -> str | None:
    """The text of a masked frame of a WebSocket; None at the end."""
    head = stream.read(2)
    if len(head) < 2 or head[0] & 15 == 8:
        return None
    length = head[1] & 127
    mask = stream.read(4) if head[1] & 128 else bytes(4)
    data = stream.read(length)
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(data)).decode()


def framed(text: str, mask: bytes = b"") -> bytes:
    """A frame of a WebSocket with a short text."""
    data = text.encode()
    if mask:
        data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    return bytes([0x81, len(data) | (128 if mask else 0)]) + mask + data


class Lines(socketserver.StreamRequestHandler):
    """Each line comes back with the word before it."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        for line in self.rfile:
            name = getattr(self.connection, "server_name", "")
            self.wfile.write(" ".join(filter(None, [WORD, name, line.decode()])).encode())


class Datagrams(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, peer = self.request
        peer.sendto(f"{WORD} ".encode() + data, self.client_address)


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Tls(Tcp):
    """Speaks TLS itself, and tells by what name it was called."""

    def get_request(self) -> tuple[socket.socket, Any]:
        plain, address = super().get_request()
        return context().wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address


def context() -> ssl.SSLContext:
    """With the certificate of the environment, CERTIFICATE: a chain and its key in one file."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_text(os.environ["CERTIFICATE"])
        made.load_cert_chain(file.name)

    def named(connection: Any, name: str | None, _: object) -> None:
        connection.server_name = name or "-"

    made.sni_callback = named
    return made


def grpc_server(address: str) -> None:
    """Any method: says who it is, what was called, and with which metadata; with streams, each message comes back."""
    import grpc

    class Generic(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            def one(data: bytes, call: Any) -> bytes:
                call.set_trailing_metadata((("x-word", WORD),))
                if data == b"fail":
                    call.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked")
                metadata = {each.key: str(each.value) for each in call.invocation_metadata()}
                said = {"word": WORD, "path": details.method, "headers": metadata, "body": data.decode()}
                return json.dumps(said).encode()

            def each(messages: Iterator[bytes], _: Any) -> Iterator[bytes]:
                for message in messages:
                    yield f"{WORD} ".encode() + message

            if details.method.endswith("/Stream"):
                return grpc.stream_stream_rpc_method_handler(each)
            return grpc.unary_unary_rpc_method_handler(one)

    server = grpc.server(ThreadPoolExecutor(8), handlers=[Generic()])
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


def main(speaks: str) -> None:
    port = int(os.environ["PORT"])
    if speaks == "grpc":
        grpc_server(f"127.0.0.1:{port}")
    elif speaks == "udp":
        socketserver.ThreadingUDPServer(("127.0.0.1", port), Datagrams).serve_forever()
    elif speaks == "http":
        ThreadingHTTPServer.request_queue_size = 128
        ThreadingHTTPServer(("127.0.0.1", port), Http).serve_forever()
    else:
        (Tls if speaks == "tls" else Tcp)(("127.0.0.1", port), Lines).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
