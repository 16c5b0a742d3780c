"""A web server that answers what a test wants."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Web:
    """Answers by path: bytes, a status, or something that writes the answer itself."""

    port: int = 0
    scheme: str = "http"
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """Of what was posted."""
    ended: threading.Event = field(default_factory=threading.Event)
    """For answers that take their time: the test is over."""
    _end: Callable[[], None] = lambda: None

    def at(self, path: str) -> str:
        return f"{self.scheme}://localhost:{self.port}{path}"

    def close(self) -> None:
        """Be gone, in the middle of whatever is under way."""
        self.ended.set()
        self._end()
        self._end = lambda: None


class Handler(http.server.BaseHTTPRequestHandler):
    web: Web
    body: bytes = b""

    def do_GET(self) -> None:
        self.web.asked.append(self.path)
        answer = self.web.answers.get(self.path, 404)
        if callable(answer):
            answer(self)
        elif isinstance(answer, int):
            self.say(answer)
        else:
            self.say(200, answer)

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["content-length"]))
        self.web.bodies.append(self.body)
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def say(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that lose patience are none of our business."""


@contextmanager
def web(context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Web]:
    """A server in a thread; with a context it speaks TLS."""
    found = Web(scheme="https" if context else "http")
    server = Server(("127.0.0.1", port), type("Mine", (Handler,), {"web": found}))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    found._end = end
    try:
        yield found
    finally:
        found.close()


def redirect(to: str) -> Callable[[Handler], None]:
    return lambda handler: handler.say(302, location=to)
