"""A small HTTP server: functions by method and path, one thread per connection. Light to start, and no framework."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
"""Bytes; nothing that a bookshop is asked is longer."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    path: str
    tail: str
    """What stands for the `*` of the route."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body as the fields of a form."""
        return dict(parse_qsl(self.body.decode(errors="replace")))

    @property
    def json(self) -> object:
        """The body as a value; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def caller(self) -> str:
        """SPIFFE identity of the caller, as the sidecar of this service saw it in the caller's certificate."""
        parts = self.headers.get("x-forwarded-client-cert", "").replace(",", ";").split(";")
        return next((part[4:].strip('"') for part in reversed(parts) if part.startswith("URI=")), "")


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(json.dumps(value).encode(), status, headers=headers or {})


Handler = Callable[[Request], Response]
Routes = Mapping[str, Handler]
"""By `METHOD /path`, or `METHOD /path/*` for everything below."""


def serve(routes: Routes) -> None:
    """Answer on `HOST` and `PORT` until the process is told to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    server = _Server(address, _connection({"GET /healthz": lambda _: reply("ok"), **routes}))
    run(server)


def run(server: ThreadingHTTPServer) -> None:
    """Serve in a thread; end at SIGTERM or SIGINT, after the requests that are being answered."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    log.info("listening on %s:%d", *server.server_address[:2])
    signal.sigwait(signals)
    server.shutdown()


def instance() -> str:
    """Service, version and instance that answer, as the panel of the page shows them."""
    words = (os.environ.get(name, "-") for name in ("TULLE_SERVICE", "TULLE_VERSION", "TULLE_INSTANCE"))
    return " ".join(word or "-" for word in words)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _connection(routes: Routes) -> type[BaseHTTPRequestHandler]:
    """The handler of one connection; it answers requests one after the other."""

    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > LARGEST_BODY:
                self.close_connection = True
                return self._send(Request(self.path, "", {}, {}, b""), reply("too long", 413))
            path, _, query = self.path.partition("?")
            handler, tail = _find(routes, self.command, path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(path, unquote(tail), dict(parse_qsl(query)), headers, self.rfile.read(length))
            response = _respond(handler, request)
            log.info("%s %s %d %s", self.command, self.path, response.status, request.caller or "-")
            self._send(request, response)

        do_GET = do_POST = do_HEAD = _answer

        def _send(self, request: Request, response: Response) -> None:
            self.send_response_only(response.status)
            headers = {"content-type": response.content_type, "x-shop-by": instance(), **response.headers}
            if request.caller:
                headers["x-shop-caller"] = request.caller
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        def log_message(self, format: str, *args: object) -> None:
            log.info(format, *args)

    return Connection


def _find(routes: Routes, method: str, path: str) -> tuple[Handler, str]:
    method = "GET" if method == "HEAD" else method
    exact = routes.get(f"{method} {path}")
    if exact is not None:
        return exact, ""
    parent, _, tail = path.rpartition("/")
    return routes.get(f"{method} {parent}/*", lambda _: reply("no such page", 404)), tail


def _respond(handler: Handler, request: Request) -> Response:
    try:
        return handler(request)
    except Exception:
        # One request must not end the connection of the others; the reason is in the log of the service.
        log.exception("%s failed", request.path)
        return reply("this service has a bug; see its log", 500)
