"""Clients: HTTP/1 written byte by byte, HTTP/2 by curl, gRPC, WebSocket, TCP, UDP, each with or without TLS."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import grpc

from tests.e2e.polyglot import frame_of, framed
from tests.e2e.traefik.cases import Step
from tests.e2e.traefik.replies import Headers, Reply, parsed, reason
from tests.e2e.traefik.tls_client import certificate_of, context, key_of

PATIENCE = 15.0
DEFAULTS = {"host": "test.local", "accept-encoding": "identity", "user-agent": "case"}
"""Sent unless a case says something else; the first to have no other host, the second as Go would add one itself."""


@dataclass(frozen=True)
class Client:
    """Sends what a step says to one port."""

    port: int
    step: Step
    ca: str

    def send(self, cookies: dict[str, str] | None = None) -> list[Reply]:
        """As often as the step says, on one connection where that is possible."""
        found: list[Reply] = []
        kept: list[Any] = []
        for _ in range(self.step.times):
            start = time.monotonic()
            try:
                reply = self.ways[self.step.kind](cookies, kept)
            except (OSError, EOFError, http.client.HTTPException) as error:
                reply = Reply(0, note=reason(error))
                kept.clear()
            reply.seconds = time.monotonic() - start
            found.append(reply)
        for each in kept:
            each.close()
        return found

    @property
    def ways(self) -> dict[str, Any]:
        """How each kind of step is done."""
        own = ("digest", "raw", "grpc", "websocket", "tcp", "udp")
        return {"send": self.exchange, **{name: getattr(self, name) for name in own}}

    # Connections.

    @contextmanager
    def connected(self, kept: list[Any] | None = None) -> Iterator[Any]:
        """A connection, taken from those that were kept, and ended unless it is kept again."""
        talk = kept.pop() if kept else self.connect()
        try:
            yield talk
        except BaseException:
            talk.close()
            raise
        if kept is None:
            talk.close()

    def connect(self) -> Any:
        talk = socket.create_connection(("127.0.0.1", self.port), timeout=self.step.options.get("patience", PATIENCE))
        talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self.tls
        if tls is None:
            return talk
        if tls.get("starttls") == "postgres":
            talk.sendall(bytes.fromhex("0000000804d2162f"))
            if talk.recv(1) != b"S":
                talk.close()
                raise ConnectionError("the server does not want TLS")
        try:
            return context(tls).wrap_socket(talk, server_hostname=tls.get("sni") or None)
        except BaseException:
            talk.close()
            raise

    @property
    def tls(self) -> dict[str, Any] | None:
        """Options of TLS: `sni` (the host by default, empty for none), `cert`, `min`, `max`, `alpn`, `verify`.

        Server names never have a dot at their end (RFC 6066).
        """
        tls = self.step.options.get("tls")
        if not tls:
            return None
        host = self.step.options.get("host", DEFAULTS["host"]).rstrip(".")
        return {"sni": host, **(tls if isinstance(tls, dict) else {})}

    # HTTP.

    def headers(self, cookies: dict[str, str] | None) -> Headers:
        """What a step says, behind what it leaves out. A header without a value is not sent."""
        options = self.step.options
        said = options.get("with", {})
        pairs = [(n, str(v)) for n, v in (said.items() if isinstance(said, dict) else said) if v is not None]
        names = {name.lower() for name, _ in pairs}
        unsaid = {name.lower() for name, value in (said.items() if isinstance(said, dict) else ()) if value is None}
        defaults = {**DEFAULTS, "host": options.get("host", DEFAULTS["host"])}
        first = [(name, value) for name, value in defaults.items() if name not in names | unsaid]
        if cookies:
            pairs.append(("cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())))
        return first + pairs

    def content(self) -> bytes:
        options = self.step.options
        return b"x" * options["bytes"] if "bytes" in options else str(options.get("text", "")).encode()

    def request(self, cookies: dict[str, str] | None) -> bytes:
        """All bytes of a request of HTTP/1."""
        method, _, target = self.step.what.partition(" ")
        version = "1.0" if self.step.options.get("protocol") == "h1.0" else "1.1"
        headers, body = self.headers(cookies), self.content()
        if self.step.options.get("chunked"):
            headers.append(("transfer-encoding", "chunked"))
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body:
            headers.append(("content-length", str(len(body))))
        lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers), "", ""]
        return "\r\n".join(lines).encode() + body

    def exchange(self, cookies: dict[str, str] | None, kept: list[Any]) -> Reply:
        if self.step.options.get("protocol") in ("h2", "h2c"):
            return self.curl(cookies)
        with self.connected(kept) as talk:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                talk.sendall(self.request(cookies))  # An answer may come before everything is sent.
            start = time.monotonic()
            response = http.client.HTTPResponse(talk, method=self.step.what.partition(" ")[0])
            response.begin()
            head = response.read1(1) if response.length != 0 else b""
            reply = Reply(
                response.status, [(n.lower(), v) for n, v in response.getheaders()], first=time.monotonic() - start
            )
            reply.body = head + response.read()
            reply.certificate = certificate_of(talk)
            if not response.will_close:
                kept.append(talk)
            else:
                talk.close()
            return reply

    def digest(self, cookies: dict[str, str] | None, kept: list[Any]) -> Reply:
        """What is asked first, to learn how; then the same with the proof of a password."""
        asked = dict(re.findall(r'(\w+)="([^"]*)"', self.exchange(cookies, kept).get("www-authenticate") or ""))
        method, _, uri = self.step.what.partition(" ")
        user, password = self.step.options["user"], self.step.options["password"]
        secret = md5(f"{user}:{asked['realm']}:{password}")
        proof = md5(f"{secret}:{asked['nonce']}:00000001:c:auth:{md5(f'{method}:{uri}')}")
        fields = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri, "response": proof}
        fields |= {"algorithm": "MD5", "qop": "auth", "nc": "00000001", "cnonce": "c", "opaque": asked["opaque"]}
        said = "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())
        options = {**self.step.options, "with": {**self.step.options.get("with", {}), "authorization": said}}
        return Client(self.port, replace(self.step, options=options), self.ca).exchange(cookies, kept)

    def curl(self, cookies: dict[str, str] | None) -> Reply:
        """HTTP/2."""
        method, _, target = self.step.what.partition(" ")
        tls, headers = self.tls or {}, self.headers(cookies)
        secure = self.step.options["protocol"] == "h2"
        name = tls.get("sni") or self.step.options.get("host", DEFAULTS["host"])
        command = ["curl", "-sS", "-i", "-k", "--noproxy", "*", "-m", "15", "--path-as-is", "-g", "-X", method]
        command += ["--connect-to", f"::127.0.0.1:{self.port}"]
        command += ["--http2" if secure else "--http2-prior-knowledge"]
        command += ["--cert", tls["cert"], "--key", key_of(tls["cert"])] if tls.get("cert") else []
        command += ["--head"] if method == "HEAD" else []
        for key, value in headers:
            command += ["-H", f"{key}: {value}"]
        body = self.content()
        command += ["--data-binary", "@-", "-H", "content-type:", "-H", "expect:"] if body else []
        done = subprocess.run(
            [*command, f"{'https' if secure else 'http'}://{name}{target}"],
            input=body,
            capture_output=True,
            check=False,
        )
        return parsed(done.stdout) if done.stdout else Reply(0, note=done.stderr.decode().strip())

    def raw(self, _: dict[str, str] | None, kept: list[Any]) -> Reply:
        """Bytes as they are written; everything that comes until the end."""
        with self.connected() as talk:
            talk.sendall(self.step.what.replace("\r\n", "\n").replace("\n", "\r\n").encode("latin-1"))
            data = b""
            with contextlib.suppress(TimeoutError):
                while piece := talk.recv(1 << 16):
                    data += piece
        return parsed(data)

    def websocket(self, cookies: dict[str, str] | None, kept: list[Any]) -> Reply:
        """Each text, and what comes back for it."""
        path, texts = self.step.what["path"], self.step.what.get("say", [])
        headers = [*self.headers(cookies), ("connection", "Upgrade"), ("upgrade", "websocket")]
        headers += [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-version", "13")]
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
        with self.connected() as talk, talk.makefile("rb") as stream:
            talk.sendall("\r\n".join(lines).encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                piece = stream.read(1)
                if not piece:
                    return Reply(0, note="closed")
                head += piece
            reply = parsed(head)
            if reply.status != 101:
                return reply
            said = []
            for text in texts:
                talk.sendall(framed(text, os.urandom(4)))
                said.append(frame_of(stream) or "")
            reply.body = "\n".join(said).encode()
            return reply

    # Others.

    def grpc(self, _: dict[str, str] | None, kept: list[Any]) -> Reply:
        """One call; or with `sent`, a stream of messages. The status is that of gRPC."""
        options = [
            ("grpc.default_authority", self.step.options.get("host", DEFAULTS["host"])),
            ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0),
        ]  # fmt: skip
        at = f"127.0.0.1:{self.port}"
        if self.tls:
            with open(self.ca, "rb") as file:
                trust = grpc.ssl_channel_credentials(file.read())
            name = ("grpc.ssl_target_name_override", self.tls["sni"])
            channel = grpc.secure_channel(at, trust, options=[*options, name])
        else:
            channel = grpc.insecure_channel(at, options=options)
        metadata = tuple((n, str(v)) for n, v in self.step.options.get("with", {}).items())
        with channel:
            try:
                if "sent" in self.step.options:
                    messages = iter([each.encode() for each in self.step.options["sent"]])
                    call = channel.stream_stream(self.step.what)(messages, metadata=metadata, timeout=10)
                    body = b"\n".join(call)
                else:
                    body, call = channel.unary_unary(self.step.what).with_call(
                        self.content(), metadata=metadata, timeout=10
                    )
                status, note = 0, ""
            except grpc.RpcError as error:
                call, status, body, note = error, error.code().value[0], b"", error.details() or ""
            pairs = [*(call.initial_metadata() or ()), *(call.trailing_metadata() or ())]
        return Reply(status, [(each.key, str(each.value)) for each in pairs], body, note=note)

    def tcp(self, _: dict[str, str] | None, kept: list[Any]) -> Reply:
        """Lines, each with its answer; without any, the first line of the server."""
        lines = self.step.what if isinstance(self.step.what, list) else [self.step.what]
        with self.connected() as talk, talk.makefile("rb") as stream:
            said = []
            for line in lines:
                talk.sendall(line.encode() + b"\n" if line else b"")
                said.append(stream.readline())
            certificate = certificate_of(talk)
        body = b"".join(said).strip()
        return Reply(200 if body else 0, body=body, certificate=certificate, note="" if body else "closed")

    def udp(self, _: dict[str, str] | None, kept: list[Any]) -> Reply:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
            talk.settimeout(self.step.options.get("patience", 2))
            talk.connect(("127.0.0.1", self.port))
            said = []
            for text in self.step.what if isinstance(self.step.what, list) else [self.step.what]:
                talk.send(text.encode())
                said.append(talk.recv(4096))
            return Reply(200, body=b"\n".join(said))


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
