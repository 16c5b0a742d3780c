"""A server that tells who it is and what it was asked: the application of end-to-end tests.

GET /call?url=… asks another service, through the sidecar that the environment names. GET /slow?seconds=… takes its
time. GET /status/503 answers that. Everything else is answered with JSON about the request.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        status, said = self.answer(parts.path, query, body)
        payload = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def answer(self, path: str, query: dict[str, str], body: str) -> tuple[int, dict[str, Any]]:
        if path == "/call":
            return 200, call(query["url"], query.get("method", "GET"))
        if path == "/slow":
            time.sleep(float(query["seconds"]))
        if path.startswith("/status/"):
            return int(path.removeprefix("/status/")), {}
        return 200, {
            "service": os.environ.get("TULLE_SERVICE"),
            "version": os.environ.get("TULLE_VERSION"),
            "instance": os.environ.get("TULLE_INSTANCE"),
            "word": os.environ.get("WORD"),
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body,
        }

    def log_message(self, format: str, *args: Any) -> None:
        pass


def call(url: str, method: str) -> dict[str, Any]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            status, headers, text = response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        status, headers, text = error.code, error.headers, error.read().decode()
    return {"status": status, "headers": {k.lower(): v for k, v in headers.items()}, "text": text}


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Echo).serve_forever()
