"""A server that tells as JSON who it is and what it was asked, byte for byte, or misbehaves as it is told.

`spec` says how: `status`, `headers`, `body`, `size` (of a body of zeros), `slow` (seconds), `chunked`, `gzip`, `events`
(one every 0.1 s), `trailers`, `fails` (how many answers are 500 or `fails_with` before the first good one), `close` (no
answer at all), and `paths` for other specs by the beginning of the path. A request may have one in its header `Answer`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.polyglot import WEBSOCKET

Headers = list[tuple[str, str]]
MUCH = 4000
"""Bodies from this length are told by their length and hash only."""


@dataclass
class Seen:
    """One request."""

    method: str
    path: str
    version: str
    headers: Headers
    body: bytes
    peer: dict[str, Any] = field(default_factory=dict)
    """What TLS says of the client."""

    def get(self, name: str) -> str:
        return ", ".join(value for each, value in self.headers if each == name)

    def told(self, name: str) -> dict[str, Any]:
        """As JSON."""
        names = sorted({each for each, _ in self.headers})
        body = self.body.decode(errors="replace") if len(self.body) < MUCH else ""
        told = {"by": name, "method": self.method, "path": self.path, "headers": {n: self.get(n) for n in names}}
        return {**told, "body": body, "size": len(self.body), **({"tls": self.peer} if self.peer else {})}


class HttpBackend:
    """One server, whose `spec` may change while it runs."""

    def __init__(self, name: str, spec: dict[str, Any]) -> None:
        self.name = name
        self.spec = spec
        self.seen: list[Seen] = []
        self.failed = 0
        self.writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection to its end."""
        self.writers.add(writer)
        with contextlib.suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
            while await self.answer(await self.next(reader, writer), reader, writer):
                pass
        self.writers.discard(writer)
        writer.close()

    async def next(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen:
        request = await read_request(reader, writer)
        self.seen.append(request)
        return request

    def spec_for(self, request: Seen) -> dict[str, Any]:
        spec = self.spec
        for path, other in self.spec.get("paths", {}).items():
            if request.path.startswith(path):
                spec = other
        asked = request.get("answer")
        return {**spec, **json.loads(asked)} if asked else spec

    async def answer(self, request: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection stays."""
        spec = self.spec_for(request)
        await asyncio.sleep(spec.get("slow", 0))
        if spec.get("close"):
            return False
        if request.get("upgrade") == "websocket" and "status" not in spec:
            await websocket(self.name, request, reader, writer)
            return False
        status = spec.get("status", 200)
        if self.failed < spec.get("fails", 0):
            self.failed += 1
            status = spec.get("fails_with", 500)
            if status == "close":
                return False
        if "events" in spec:
            await events(spec["events"], writer)
            return True
        writer.write(response(status, spec, request, self.name))
        await writer.drain()
        return "close" not in request.get("connection")


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Seen:
    """An error at the end of the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, version = line.split(" ")
    headers = [(name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    seen = Seen(method, path, version, headers, b"", peer_of(writer))
    if "100-continue" in seen.get("expect"):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in seen.get("transfer-encoding"):
        seen.body = await chunks(reader, seen)
    elif seen.get("content-length"):
        seen.body = await reader.readexactly(int(seen.get("content-length")))
    return seen


async def chunks(reader: asyncio.StreamReader, seen: Seen) -> bytes:
    """A body in chunks; its trailers become headers of the name `trailer:NAME`."""
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while line := (await reader.readline()).strip().decode():
        name, _, value = line.partition(":")
        seen.headers.append((f"trailer:{name.lower()}", value.strip()))
    return body


def peer_of(writer: asyncio.StreamWriter) -> dict[str, Any]:
    """What is known by TLS."""
    tls = writer.get_extra_info("ssl_object")
    if tls is None:
        return {}
    certificate = tls.getpeercert() or {}
    names = [value for part in certificate.get("subject", ()) for _, value in part]
    return {"version": tls.version(), "client": ",".join(names), "name": getattr(tls, "server_name", "") or ""}


def response(status: int, spec: dict[str, Any], request: Seen, name: str) -> bytes:
    """All bytes of an answer."""
    written = spec.get("headers", {})
    headers = [*written.items()] if isinstance(written, dict) else [(n, v) for n, v in written]
    body = b"\0" * spec["size"] if "size" in spec else str(spec["body"]).encode() if "body" in spec else None
    if body is None:
        body = json.dumps(request.told(name)).encode()
        headers.append(("content-type", "application/json")) if not spec.get("untyped") else None
    if spec.get("gzip"):
        body = gzip.compress(body, mtime=0)
        headers.append(("content-encoding", "gzip"))
    if spec.get("trailers") or spec.get("chunked"):
        headers += [("transfer-encoding", "chunked"), *(("trailer", each) for each in spec.get("trailers", {}))]
        ending = "".join(f"{each}: {value}\r\n" for each, value in spec.get("trailers", {}).items())
        body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, ending.encode())
    elif status not in (204, 304):
        headers.append(("content-length", str(len(body))))
    if request.method == "HEAD" or status in (204, 304):
        body = b""
    lines = [f"HTTP/1.1 {status} Said", *(f"{each}: {value}" for each, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


async def events(count: int, writer: asyncio.StreamWriter) -> None:
    """Events of a stream, apart from each other."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    for number in range(count):
        event = b"data: %d\n\n" % number
        writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        await writer.drain()
        await asyncio.sleep(0.1)
    writer.write(b"0\r\n\r\n")


async def websocket(name: str, request: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Each text comes back with the name before it; the first frame tells the request."""
    key = request.get("sec-websocket-key").encode()
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET).digest()).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "upgrade: websocket", "connection: Upgrade"]
    writer.write("\r\n".join([*lines, f"sec-websocket-accept: {accept}", "", ""]).encode())
    while True:
        head = await reader.readexactly(2)
        if head[0] & 15 == 8:
            return
        mask = await reader.readexactly(4) if head[1] & 128 else bytes(4)
        data = await reader.readexactly(head[1] & 127)
        text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data)).decode()
        said = f"{name} {text}".encode()
        writer.write(bytes([0x81, len(said)]) + said)
