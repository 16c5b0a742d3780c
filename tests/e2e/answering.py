"""A gateway of a test: it answers authorities what it is told to."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tulle.model.challenges import TLS_PROTOCOL, Answer, HttpAnswer, TlsAnswer


class Gateway:
    """Has what `answers` says, from the moment that it is asked to (`reached`)."""

    def __init__(self) -> None:
        self.answers: tuple[Answer, ...] = ()
        self.asked: list[str] = []

    async def reached(self, answers: tuple[Answer, ...]) -> None:
        self.answers = answers

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            path = (await reader.readline()).split()[1].decode()
            self.asked.append(path)
            texts = {each.path: each.text for each in self.answers if isinstance(each, HttpAnswer)}
            status = "200 OK" if path in texts else "404 Not Found"
            body = texts.get(path, "")
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
            await writer.drain()
        writer.close()

    async def tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    def context(self) -> ssl.SSLContext:
        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            self.asked.append(name or "")
            for each in self.answers:
                if isinstance(each, TlsAnswer) and each.domain == name:
                    connection.context = _context(each)

        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.set_alpn_protocols([TLS_PROTOCOL])
        found.sni_callback = choose
        return found


def _context(answer: TlsAnswer) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.set_alpn_protocols([TLS_PROTOCOL])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_text(answer.certificate + answer.key)
        found.load_cert_chain(path)
    return found


@asynccontextmanager
async def serving(gateway: Gateway, http_port: int, tls_port: int) -> AsyncIterator[Gateway]:
    http = await asyncio.start_server(gateway.http, "127.0.0.1", http_port)
    tls = await asyncio.start_server(gateway.tls, "127.0.0.1", tls_port, ssl=gateway.context())
    async with http, tls:
        yield gateway


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)
