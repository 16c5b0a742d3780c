"""Questions to Envoy's admin interface, over its Unix socket."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def exchange(socket: Path, method: str, path: str) -> str:
    """One HTTP/1.1 exchange on a connection of its own; the body of the answer, whatever its status.

    By hand, because an HTTP library takes a tenth of the time in which a mesh is to be up.

    Raises:
        OSError: nobody is there.
        ValueError, asyncio.IncompleteReadError: it is no answer.
    """
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "transfer-encoding: chunked" not in head:
            return (await reader.read()).decode()
        chunks = []
        while size := int(await reader.readline(), 16):
            chunks.append(await reader.readexactly(size))
            await reader.readline()
        return b"".join(chunks).decode()
    finally:
        writer.close()
