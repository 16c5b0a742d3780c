"""The key-value store of Consul, as its HTTP API documents it: recursive reads, indexes, blocking questions.

Run as `consul_double.py PORT FILE`; what it holds is in the file.
"""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST = 600.0
INDEX = "X-Consul-Index"


class Kept:
    """Pairs, and the index of the last change of each, and of all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        known: Any = json.loads(path.read_text()) if path.exists() else {"index": 10, "pairs": {}, "gone": {}}
        self.index: int = known["index"]
        self.pairs: dict[str, dict[str, object]] = known["pairs"]
        self._gone: dict[str, int] = known["gone"]

    def put(self, key: str, value: bytes) -> None:
        with self._changed:
            self.index += 1
            created = self.pairs.get(key, {}).get("CreateIndex", self.index)
            self.pairs[key] = {
                "LockIndex": 0,
                "Key": key,
                "Flags": 0,
                "Value": b64encode(value).decode() if value else None,
                "CreateIndex": created,
                "ModifyIndex": self.index,
            }
            self._tell()

    def delete(self, prefix: str, recurse: bool) -> None:
        with self._changed:
            self.index += 1
            for key in [each for each in self.pairs if each == prefix or (recurse and each.startswith(prefix))]:
                del self.pairs[key]
                self._gone[key] = self.index
            self._tell()

    def read(self, fits: Callable[[str], bool], index: int, wait: float) -> tuple[list[dict[str, object]], int]:
        """What fits, as soon as its index is another one."""
        with self._changed:
            self._changed.wait_for(lambda: self._index_of(fits) != index, wait if index else 0)
            return [pair for key, pair in sorted(self.pairs.items()) if fits(key)], self._index_of(fits)

    def _index_of(self, fits: Callable[[str], bool]) -> int:
        found = [int(str(pair["ModifyIndex"])) for key, pair in self.pairs.items() if fits(key)]
        found += [index for key, index in self._gone.items() if fits(key)]
        return max(found, default=self.index)

    def _tell(self) -> None:
        self._path.write_text(json.dumps({"index": self.index, "pairs": self.pairs, "gone": self._gone}))
        self._changed.notify_all()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: Kept

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/v1/status/leader":
            self._say(200, b'"127.0.0.1:8300"')
            return
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        key = self._key()
        fits: Callable[[str], bool] = (lambda each: each.startswith(key)) if "recurse" in query else key.__eq__
        wait = query.get("wait", "300s")
        seconds = float(wait[:-2]) / 1000 if wait.endswith("ms") else float(wait[:-1]) * (60 if wait[-1] == "m" else 1)
        found, index = self.kept.read(fits, int(query.get("index", "0")), min(seconds, LONGEST))
        self._say(200 if found else 404, json.dumps(found).encode() if found else b"", index)

    def do_PUT(self) -> None:
        self.kept.put(self._key(), self.rfile.read(int(self.headers["content-length"])))
        self._say(200, b"true")

    def do_DELETE(self) -> None:
        self.kept.delete(self._key(), "recurse" in urlsplit(self.path).query)
        self._say(200, b"true")

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path.removeprefix("/v1/kv/"))

    def _say(self, status: int, body: bytes, index: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if index:
            self.send_header(INDEX, str(index))
            self.send_header("X-Consul-Knownleader", "true")
            self.send_header("X-Consul-Lastcontact", "0")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main() -> None:
    """Serve until the end."""
    port, path = sys.argv[1:]
    Handler.kept = Kept(Path(path))
    Server(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
