"""What the four programs share: an HTTP server that answers with JSON or HTML, and calls that pass headers on."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSED_ON = ("end-user", "user-agent", "cookie", "authorization", "x-request-id", "traceparent", "tracestate")
"""Headers of a request that the calls made for it carry too."""


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Response:
    """What is answered: HTML for text, JSON for everything else."""

    content: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Said:
    """What another service answered; status 0 if it did not."""

    status: int
    content: Any


def call(url: str, request: Request, timeout: float) -> Said:
    """Ask another service on behalf of a request, through the proxy of the environment."""
    headers = {name: value for name, value in request.headers.items() if name.lower() in PASSED_ON}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout) as answer:
            return Said(answer.status, json.loads(answer.read()))
    except urllib.error.HTTPError as error:
        return Said(error.code, None)
    except (OSError, ValueError):
        return Said(0, None)


def serve(answer: Callable[[Request], Response]) -> None:
    """Answer requests on `PORT` until somebody ends it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answered(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = answer(Request(self.command, self.path.partition("?")[0], headers, body))
            is_text = isinstance(response.content, str)
            content = (response.content if is_text else json.dumps(response.content)).encode()
            self.send_response(response.status)
            self.send_header("content-type", "text/html; charset=utf-8" if is_text else "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in response.headers:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = answered

        def log_message(self, format: str, *args: object) -> None:
            """Proxies log."""

    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
